"""HTTP of login sessions: sign in, go on, sign out, and what somebody is signed in with."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, StringConstraints

from auth.credential_checks.tries import SignInLocked
from auth.desk import AtDesk, Desk
from auth.external_sign_in.policy import ExternalSignInNeeded
from auth.login_sessions.commands import end_session, end_sessions
from auth.login_sessions.delivery import RefreshDeliveryUnknown, delivered, forgotten, presented
from auth.login_sessions.identified import session_of, user_of
from auth.login_sessions.refresh_tokens import Family, RefreshRefused
from auth.login_sessions.sign_in import Client, Opened, SecondFactorAsked, SignInRefused, TenantChoiceNeeded
from auth.rate_limits.limits import TooManyRequests, limited
from auth.signing_keys.access_tokens import LIFE
from auth.users.emails import normal_email
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["sign-in"])

Token = Annotated[str, StringConstraints(min_length=1, max_length=512)]


class Login(Request):
    """`tenant_id` is needed only by somebody who belongs to several schools; `device` comes from the sign-in before,
    and keeps strangers' guesses from locking this one out."""

    email: Annotated[str, StringConstraints(max_length=254), AfterValidator(normal_email)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=512)]
    tenant_id: UUID | None = None
    device: Token | None = None


class Refresh(Request):
    """A browser that asked for the cookie leaves `refresh_token` out."""

    refresh_token: Token | None = None


class SignedIn(BaseModel):
    """The access token goes into `Authorization: Bearer …` and lives `expires_in` seconds; the refresh token is used
    once, for the next two. It is null where the header `Rollbook-Refresh: cookie` asked for the cookie."""

    outcome: Literal["signed-in"] = "signed-in"
    access_token: str
    expires_in: int
    refresh_token: str | None
    device: str
    tenant: UUID
    session: UUID


class SecondFactorNeeded(BaseModel):
    """The first step was right: send `pending` with a code of one of the `methods` (RFC 8176) within five minutes."""

    outcome: Literal["second-factor-needed"] = "second-factor-needed"
    pending: str
    methods: list[str]


class SignIn(BaseModel):
    """A device that somebody is signed in with. `current`: the one that asks."""

    id: UUID
    tenant_id: UUID
    device: str
    started_at: datetime
    last_used_at: datetime
    ends_at: datetime
    current: bool


@router.post(
    "/login",
    dependencies=[limited("login", "email")],
    responses=problems(
        SignInRefused,
        SignInLocked,
        ExternalSignInNeeded,
        TenantChoiceNeeded,
        NotFound,
        TooManyRequests,
        RefreshDeliveryUnknown,
    ),
)
async def post_login(
    body: Login, caller: Annotated[Caller, public()], desk: AtDesk
) -> Answer[SignedIn | SecondFactorNeeded]:
    """Sign in with e-mail and password. An unknown address and a wrong password get the same answer."""
    caller.about(desk.credentials.account(body.email))
    outcome = await desk.sign_ins.with_password(
        caller.store, caller.call, body.email, body.password, body.tenant_id, client_of(caller, body.device)
    )
    if isinstance(outcome, SecondFactorAsked):
        asked = SecondFactorNeeded(pending=outcome.pending, methods=list(outcome.methods))
        return Answer(data=asked, message="Second factor needed")
    return Answer(data=await signed_in(caller, desk, outcome), message="Signed in")


@router.post(
    "/token/refresh",
    dependencies=[limited("refresh", "refresh_token")],
    responses=problems(RefreshRefused, ExternalSignInNeeded, TooManyRequests, RefreshDeliveryUnknown),
)
async def post_refresh(body: Refresh, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[SignedIn]:
    """Go on: a new access token and the next refresh token. One that comes twice ends the sign-in for both."""
    token = presented(caller, body.refresh_token)
    opened = await desk.sign_ins.go_on(caller.store, caller.call, token, client_of(caller))
    return Answer(data=await signed_in(caller, desk, opened), message="Signed in")


@router.post("/logout", responses=problems(NotFound, RefreshDeliveryUnknown))
async def post_logout(caller: Annotated[Caller, may("me", outdated=True, local=True)], desk: AtDesk) -> Answer[Receipt]:
    """End the session of this token."""
    session_id = session_of(caller)
    if session_id is None:
        raise NotFound
    saved = await end_session(caller.store, caller.call, desk.refresh_tokens, session_id, "signed-out")
    forgotten(caller)
    return caller.accepted(saved, "Signed out")


@router.get("/sign-ins")
async def get_sign_ins(caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[list[SignIn]]:
    """Where you are signed in, in all your schools."""
    families = await desk.refresh_tokens.of_user(user_of(caller))
    return Answer(data=[sign_in_of(family, caller) for family in families], message="Sign-ins")


@router.post("/sign-ins/{session_id}/end", responses=problems(NotFound))
async def post_sign_in_end(session_id: UUID, caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[Receipt]:
    """End one of your sign-ins, in whichever of your schools it is."""
    mine = {family.family_id: family for family in await desk.refresh_tokens.of_user(user_of(caller))}
    if session_id not in mine:
        raise NotFound
    call = caller.call.for_tenant(mine[session_id].school_id)
    saved = await end_session(caller.store, call, desk.refresh_tokens, session_id, "ended-by-user")
    return Answer(data=Receipt(id=saved.id, version=saved.version), message="Sign-in ended")


@router.post("/sign-ins/end-all")
async def post_sign_ins_end(caller: Annotated[Caller, may("me")], desk: AtDesk) -> Answer[int]:
    """End all your sign-ins, this one too; says how many there were."""
    families = await desk.refresh_tokens.of_user(user_of(caller))
    await end_sessions(caller.store, caller.call, desk.refresh_tokens, families, "ended-by-user")
    return Answer(data=len(families), message="Sign-ins ended")


def sign_in_of(family: Family, caller: Caller) -> SignIn:
    return SignIn(
        id=family.family_id,
        tenant_id=family.school_id,
        device=family.device,
        started_at=family.started_at,
        last_used_at=family.last_used_at,
        ends_at=family.absolute_end,
        current=family.family_id == session_of(caller),
    )


def client_of(caller: Caller, device: str | None = None) -> Client:
    return Client(caller.agent, caller.network, device)


async def signed_in(caller: Caller, desk: Desk, opened: Opened) -> SignedIn:
    if opened.saved is not None:
        caller.moved(opened.saved)
    return SignedIn(
        access_token=await desk.signer.issue(opened.grant, caller.call.now),
        expires_in=int(LIFE.total_seconds()),
        refresh_token=delivered(caller, opened.refresh_token),
        device=opened.device,
        tenant=opened.grant.tenant_id,
        session=opened.grant.session_id,
    )
