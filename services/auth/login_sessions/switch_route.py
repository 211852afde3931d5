"""HTTP of switching between one's schools."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from auth.desk import AtDesk
from auth.external_sign_in.policy import ExternalSignInNeeded
from auth.login_sessions.delivery import RefreshDeliveryUnknown, presented
from auth.login_sessions.refresh_tokens import RefreshRefused
from auth.login_sessions.routes import SignedIn, Token, client_of, signed_in
from auth.login_sessions.switching import OneSchoolOnly, SchoolEntered, switch
from auth.rate_limits.limits import TooManyRequests, limited
from shared.answers import Answer, Request
from shared.caller import Caller, public
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["sign-in"])


class Switch(Request):
    """`tenant_id` is another of your schools. A browser that asked for the cookie leaves `refresh_token` out."""

    tenant_id: UUID
    refresh_token: Token | None = None


@router.post(
    "/switch",
    dependencies=[limited("refresh", "refresh_token")],
    responses=problems(
        RefreshRefused,
        NotFound,
        SchoolEntered,
        OneSchoolOnly,
        ExternalSignInNeeded,
        TooManyRequests,
        RefreshDeliveryUnknown,
    ),
)
async def post_switch(body: Switch, caller: Annotated[Caller, public()], desk: AtDesk) -> Answer[SignedIn]:
    """Go on in another of your schools, without password and code: the refresh token is used, its sign-in ends."""
    token = presented(caller, body.refresh_token)
    opened = await switch(desk.sign_ins, caller.store, caller.call, token, body.tenant_id, client_of(caller))
    return Answer(data=await signed_in(caller, desk, opened), message="Signed in")
