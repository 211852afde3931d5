"""HTTP of proving it once more: the second step of signing in, and step-up before something dangerous."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, model_validator

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk
from auth.external_sign_in.policy import ExternalSignInNeeded
from auth.login_sessions.delivery import RefreshDeliveryUnknown
from auth.login_sessions.identified import session_of, user_of
from auth.login_sessions.pending import SignInExpired
from auth.login_sessions.routes import SignedIn, Token, client_of, signed_in
from auth.login_sessions.sign_in import SignInRefused
from auth.passwords.policy import Password
from auth.rate_limits.limits import TooManyRequests, limited
from auth.second_factors.checks import CodeWrong, Proof
from auth.second_factors.routes import Code, RecoveryCode, proving_of
from auth.second_factors.step_up import CodeNeeded, step_up
from auth.signing_keys.access_tokens import LIFE
from auth.users.user import PasswordWrong
from shared.answers import Answer, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["sign-in"])


class SecondStep(Request):
    """`pending` comes from POST /login. One of `code` and `recovery_code`; `device` as in POST /login."""

    pending: Token
    code: Code | None = None
    recovery_code: RecoveryCode | None = None
    device: Token | None = None

    @model_validator(mode="after")
    def _one(self) -> "SecondStep":
        if (self.code is None) == (self.recovery_code is None):
            raise ValueError("send either code or recovery_code")
        return self


class StepUp(Request):
    """One of the three. Who has a second factor sends a code."""

    password: Password | None = None
    code: Code | None = None
    recovery_code: RecoveryCode | None = None

    @model_validator(mode="after")
    def _one(self) -> "StepUp":
        if [self.password, self.code, self.recovery_code].count(None) != 2:
            raise ValueError("send one of password, code and recovery_code")
        return self


class SteppedUp(BaseModel):
    """An access token that counts as fresh for five minutes. The refresh token stays."""

    outcome: Literal["stepped-up"] = "stepped-up"
    access_token: str
    expires_in: int


@router.post(
    "/login/second-factor",
    dependencies=[limited("login", "pending")],
    responses=problems(
        SignInExpired,
        SignInRefused,
        ExternalSignInNeeded,
        CodeWrong,
        SignInLocked,
        NotFound,
        TooManyRequests,
        RefreshDeliveryUnknown,
    ),
)
async def post_second_step(body: SecondStep, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[SignedIn]:
    """Finish signing in with a code of the authenticator app, or a recovery code."""
    proof = Proof(body.code, body.recovery_code)
    opened = await desk.sign_ins.with_second_factor(
        caller.store, caller.call, body.pending, proof, client_of(caller, body.device), caller.concerns
    )
    return Answer(data=await signed_in(caller, desk, opened), message="Signed in")


@router.post(
    "/step-up", responses=problems(NotFound, CodeNeeded, ExternalSignInNeeded, PasswordWrong, CodeWrong, SignInLocked)
)
async def post_step_up(
    body: StepUp, caller: Annotated[Caller, may("me", local=True)], desk: AtDesk
) -> Answer[SteppedUp]:
    """Prove that it is still you: the token of the answer opens routes that want a fresh proof."""
    user_id, session_id = user_of(caller), session_of(caller)
    if session_id is None:
        raise NotFound
    saved, grant = await step_up(
        caller.store,
        caller.call,
        proving_of(caller, desk),
        desk.refresh_tokens,
        session_id,
        user_id,
        body.password or Proof(body.code, body.recovery_code),
    )
    caller.moved(saved)
    token = await desk.signer.issue(grant, caller.call.now)
    return Answer(data=SteppedUp(access_token=token, expires_in=int(LIFE.total_seconds())), message="Proved")
