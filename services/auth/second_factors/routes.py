"""HTTP of second factors: what somebody has, setting up an authenticator app, removing it, recovery codes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints, model_validator

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk, Desk
from auth.login_sessions.identified import session_of, user_of
from auth.passwords.credentials import From
from auth.passwords.policy import Password
from auth.second_factors.checks import CodeWrong, Proof
from auth.second_factors.commands import (
    Proving,
    confirm_totp,
    disable_totp,
    regenerate_recovery_codes,
    start_totp_enrolment,
)
from auth.second_factors.policies import demanded_of
from auth.second_factors.recovery_codes import new_codes
from auth.second_factors.refusals import EnrolmentExpired, LastSecondFactor, TotpEnabledAlready
from auth.second_factors.totp import otpauth_uri, qr_code, text_of
from auth.users.commands import email_of
from auth.users.user import PasswordWrong, User
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import PLATFORM
from shared.problems import problems

router = APIRouter(tags=["second factors"])

Code = Annotated[str, StringConstraints(pattern=r"^[0-9]{6}$")]
RecoveryCode = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Enrolment(Request):
    password: Password


class Confirmation(Request):
    code: Code


class BothFactors(Request):
    """The password and one of `code` and `recovery_code`."""

    password: Password
    code: Code | None = None
    recovery_code: RecoveryCode | None = None

    @model_validator(mode="after")
    def _one(self) -> "BothFactors":
        if (self.code is None) == (self.recovery_code is None):
            raise ValueError("send either code or recovery_code")
        return self

    @property
    def proof(self) -> Proof:
        return Proof(self.code, self.recovery_code)


class Factors(BaseModel):
    """`demanded`: a school of yours wants one."""

    methods: list[str]
    recovery_codes_left: int
    demanded: bool


class Enrolling(BaseModel):
    """Scan the image with an authenticator app, or type the secret; then confirm with a code of it."""

    id: UUID
    secret: str
    otpauth_uri: str
    qr_svg: str


class Confirmed(BaseModel):
    """`recovery_codes` are shown this once. Null: you have some already, or this answer was given before."""

    id: UUID
    version: int
    recovery_codes: list[str] | None


def proving_of(caller: Caller, desk: Desk) -> Proving:
    return Proving(caller.keyring, desk.credentials, desk.second_factors, From(caller.network))


@router.get("/me/second-factors")
async def get_second_factors(caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[Factors]:
    """Which second factors you have, and how many recovery codes are left."""
    user = await caller.store.get(User, user_of(caller), PLATFORM)
    left = 0 if user.recovery_set is None else await desk.second_factors.recovery_codes.left(user.recovery_set)
    demanded = await demanded_of(caller.store, user)
    factors = Factors(methods=list(user.second_factors), recovery_codes_left=left, demanded=demanded)
    return Answer(data=factors, message="Second factors")


@router.post(
    "/me/totp", responses=problems(NotFound, PasswordWrong, SignInLocked, TotpEnabledAlready, EnrolmentExpired)
)
async def post_totp(
    body: Enrolment, caller: Annotated[Caller, may("me", fresh=True)], desk: AtDesk
) -> Answer[Enrolling]:
    """Begin to set up an authenticator app. Nothing is asked for before it is confirmed, within fifteen minutes.
    Who has another second factor proved it a moment ago: nobody adds one with a password alone."""
    call, user_id = caller.call.for_tenant(PLATFORM), user_of(caller)
    caller.moved(await start_totp_enrolment(caller.store, call, proving_of(caller, desk), user_id, body.password))
    user = await caller.store.get(User, user_id, PLATFORM)
    secret = await desk.second_factors.totp.secret(user_id, user.enrolling.id)
    if secret is None:
        raise EnrolmentExpired
    uri = otpauth_uri(secret, await email_of(user, caller.keyring))
    enrolling = Enrolling(id=user.enrolling.id, secret=text_of(secret), otpauth_uri=uri, qr_svg=qr_code(uri))
    return Answer(data=enrolling, message="Scan the code and confirm")


@router.post("/me/totp/confirmation", responses=problems(NotFound, CodeWrong, SignInLocked, EnrolmentExpired))
async def post_totp_confirmation(
    body: Confirmation, caller: Annotated[Caller, may("me")], desk: AtDesk
) -> Answer[Confirmed]:
    """Confirm the app with its first code: from now on sign-in asks for one. The first time you get recovery codes."""
    call, codes = caller.call.for_tenant(PLATFORM), new_codes()
    saved, shown = await confirm_totp(
        caller.store,
        call,
        proving_of(caller, desk),
        desk.refresh_tokens,
        user_of(caller),
        session_of(caller),
        body.code,
        codes,
    )
    caller.moved(saved)
    confirmed = Confirmed(id=saved.id, version=saved.version, recovery_codes=codes if shown else None)
    return Answer(data=confirmed, message="Authenticator app set up")


@router.post("/me/totp/removal", responses=problems(NotFound, PasswordWrong, CodeWrong, SignInLocked, LastSecondFactor))
async def post_totp_removal(body: BothFactors, caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[Receipt]:
    """Remove the authenticator app. The last second factor stays where a school of yours demands one."""
    call = caller.call.for_tenant(PLATFORM)
    proving = proving_of(caller, desk)
    saved = await disable_totp(caller.store, call, proving, user_of(caller), body.password, body.proof)
    return caller.accepted(saved, "Authenticator app removed")


@router.post("/me/recovery-codes", responses=problems(NotFound, PasswordWrong, CodeWrong, SignInLocked))
async def post_recovery_codes(
    body: BothFactors, caller: Annotated[Caller, may("me")], desk: AtDesk
) -> Answer[Confirmed]:
    """Make new recovery codes; those of before end."""
    call, codes = caller.call.for_tenant(PLATFORM), new_codes()
    saved, shown = await regenerate_recovery_codes(
        caller.store, call, proving_of(caller, desk), user_of(caller), body.password, body.proof, codes
    )
    caller.moved(saved)
    made = Confirmed(id=saved.id, version=saved.version, recovery_codes=codes if shown else None)
    return Answer(data=made, message="Recovery codes made")
