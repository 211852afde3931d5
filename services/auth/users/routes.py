"""HTTP of users: verify the address, reset and change the password, choose the language."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk, Desk
from auth.handed_out import LinkToken
from auth.login_sessions.identified import session_of, user_of
from auth.passwords.credentials import From
from auth.passwords.policy import NewPassword, Password, PasswordTooWeak
from auth.rate_limits.limits import TooManyRequests, limited
from auth.users.commands import PasswordChange, change_password, choose_language, reset_password, verify_email
from auth.users.emails import Email
from auth.users.link_requests import What
from auth.users.open_link import LinkSpent
from auth.users.user import PasswordWrong
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.ids import PLATFORM
from shared.problems import problems

router = APIRouter(tags=["users"])


class LinkRequest(Request):
    email: Email


class Verification(Request):
    """`password` is the one that was given at registration."""

    token: LinkToken
    password: Password


class Reset(Request):
    token: LinkToken
    new_password: NewPassword


class Change(Request):
    old_password: Password
    new_password: NewPassword


class Language(Request):
    language: Literal["en", "es"]


class Asked(BaseModel):
    """Says nothing about whether the address has an account."""

    asked: Literal[True] = True


@router.post(
    "/email-verification-requests",
    status_code=202,
    dependencies=[limited("mail", "email")],
    responses=problems(TooManyRequests),
)
async def post_verification_request(
    body: LinkRequest, caller: Annotated[Caller, public()], desk: AtDesk
) -> Answer[Asked]:
    """Ask for a new link to verify an address. It comes by mail if there is such an account, and ends the last one."""
    return await asked(caller, desk, "verification", body.email)


@router.post(
    "/email-verifications",
    dependencies=[limited("link", "token")],
    responses=problems(LinkSpent, PasswordWrong, SignInLocked, TooManyRequests),
)
async def post_verification(body: Verification, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[Receipt]:
    """Verify an address with the token of the mailed link and the password. From then on one can sign in."""
    saved = await verify_email(
        caller.store,
        caller.call,
        caller.keyring,
        desk.credentials,
        body.token,
        body.password,
        From(caller.network),
    )
    return Answer(data=Receipt(id=saved.id, version=saved.version), message="Address verified")


@router.post(
    "/password-reset-requests",
    status_code=202,
    dependencies=[limited("mail", "email")],
    responses=problems(TooManyRequests),
)
async def post_reset_request(body: LinkRequest, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[Asked]:
    """Ask for a link to set a new password. It comes by mail if there is such an account, and ends the one before."""
    return await asked(caller, desk, "reset", body.email)


@router.post(
    "/password-resets",
    dependencies=[limited("link", "token")],
    responses=problems(LinkSpent, PasswordTooWeak, TooManyRequests),
)
async def post_reset(body: Reset, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[Receipt]:
    """Set a new password with the token of the mailed link. All sign-ins end; a second factor stays."""
    saved = await reset_password(
        caller.store,
        caller.call,
        caller.keyring,
        desk.credentials,
        desk.refresh_tokens,
        body.token,
        body.new_password,
    )
    return Answer(data=Receipt(id=saved.id, version=saved.version), message="Password set")


@router.post("/me/password", responses=problems(NotFound, PasswordWrong, PasswordTooWeak, SignInLocked))
async def post_password(body: Change, caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[Receipt]:
    """Change your password. All your other sign-ins end."""
    change = PasswordChange(
        user_of(caller), body.old_password, body.new_password, From(caller.network), session_of(caller)
    )
    call = caller.call.for_tenant(PLATFORM)
    saved = await change_password(caller.store, call, caller.keyring, desk.credentials, desk.refresh_tokens, change)
    return caller.accepted(saved, "Password changed")


@router.post("/me/language", responses=problems(NotFound))
async def post_language(body: Language, caller: Annotated[Caller, may("me")]) -> Answer[Receipt]:
    """Choose the language of the mails to you."""
    saved = await choose_language(caller.store, caller.call.for_tenant(PLATFORM), user_of(caller), body.language)
    return caller.accepted(saved, "Language chosen")


async def asked(caller: Caller, desk: Desk, what: What, email: str) -> Answer[Asked]:
    await desk.link_requests.note(what, desk.credentials.account(email), caller.call.now)
    return Answer(data=Asked(), message="If there is such an account, a mail is on its way")
