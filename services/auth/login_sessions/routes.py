"""HTTP of login sessions: sign in, sign out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, StringConstraints

from auth.desk import AtDesk
from auth.login_sessions.commands import end_session
from auth.login_sessions.sign_in import SignInRefused, TenantChoiceNeeded, sign_in
from auth.passwords.credentials import SignInLocked
from auth.signing_keys.access_tokens import LIFE
from auth.users.emails import normal_email
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["sign-in"])


class Login(Request):
    """`tenant_id` is needed only by somebody who belongs to several schools."""

    email: Annotated[str, StringConstraints(max_length=254), AfterValidator(normal_email)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    tenant_id: UUID | None = None


class SignedIn(BaseModel):
    """The token goes into `Authorization: Bearer …`; `expires_in` counts seconds."""

    access_token: str
    expires_in: int
    tenant: UUID
    session: UUID


@router.post("/login", responses=problems(SignInRefused, SignInLocked, TenantChoiceNeeded, NotFound))
async def post_login(body: Login, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[SignedIn]:
    """Sign in with e-mail and password. An unknown address and a wrong password get the same answer."""
    grant, saved = await sign_in(caller.store, caller.call, desk.credentials, body.email, body.password, body.tenant_id)
    caller.moved(saved)
    signed = SignedIn(
        access_token=await desk.signer.issue(grant, caller.call.now),
        expires_in=int(LIFE.total_seconds()),
        tenant=grant.tenant_id,
        session=grant.session_id,
    )
    return caller.answer(signed, "Signed in")


@router.post("/logout", responses=problems(NotFound))
async def post_logout(caller: Annotated[Caller, may("me")]) -> Answer[Receipt]:
    """End the session of this token."""
    if caller.identity is None or caller.identity.login is None:
        raise NotFound
    saved = await end_session(caller.store, caller.call, UUID(caller.identity.login), "signed-out")
    return caller.accepted(saved, "Signed out")
