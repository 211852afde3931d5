"""HTTP of impersonations: act as a member, go on, end it."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from auth.audit.audit_log import Audit
from auth.desk import AtDesk, Desk
from auth.impersonations.commands import end_impersonation, going_on, start_impersonation
from auth.impersonations.impersonation import (
    Impersonation,
    ImpersonationOver,
    MembershipNotActive,
    OneselfImpersonated,
    RightsAboveOwn,
)
from auth.impersonations.noticed import ActedAsMe, acted_as
from auth.login_sessions.identified import session_of, user_of
from auth.signing_keys.access_tokens import LIFE, ActingGrant
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import Forbidden, NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["impersonations"])

REFUSALS = problems(NotFound, Forbidden, OneselfImpersonated, MembershipNotActive, RightsAboveOwn)
GOING_ON = problems(NotFound, Forbidden, OneselfImpersonated, MembershipNotActive, RightsAboveOwn, ImpersonationOver)


class NewImpersonation(Request):
    """`reason` is shown to the person and in the audit: name nobody else in it."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    minutes: Annotated[int, Field(ge=1, le=60)] = 15


class Impersonating(BaseModel):
    """An access token for the other person, which names you as the one who acts (`act`). Ask for the next one with
    your own token, until `until`."""

    id: UUID
    user_id: UUID
    until: datetime
    access_token: str
    expires_in: int


@router.post("/members/{membership_id}/impersonations", status_code=201, responses=REFUSALS)
async def post_impersonation(
    membership_id: UUID,
    body: NewImpersonation,
    caller: Annotated[Caller, may("members.impersonate", creates=True, fresh=True)],
    desk: AtDesk,
) -> Answer[Impersonating]:
    """Act as a member for some minutes. That person gets a mail, and every line of the audit names both."""
    user_of(caller)
    life = timedelta(minutes=body.minutes)
    saved = await start_impersonation(caller.store, caller.call, uuid7(), membership_id, body.reason, life)
    caller.moved(saved)
    return await handed_out(caller, desk, await going_on(caller.store, caller.call, saved.id))


@router.post("/impersonations/{impersonation_id}/tokens", responses=GOING_ON)
async def post_impersonation_token(
    impersonation_id: UUID, caller: Annotated[Caller, may("members.impersonate")], desk: AtDesk
) -> Answer[Impersonating]:
    """The next token of an impersonation of yours: the one before lives five minutes."""
    user_of(caller)
    return await handed_out(caller, desk, await going_on(caller.store, caller.call, impersonation_id))


@router.post("/impersonations/{impersonation_id}/end", responses=problems(NotFound))
async def post_impersonation_end(
    impersonation_id: UUID, caller: Annotated[Caller, may("me", outdated=True, local=True)]
) -> Answer[Receipt]:
    """End it before its time, by the one who acts, under either name, or by the one who is acted as."""
    saved = await end_impersonation(caller.store, caller.call, impersonation_id)
    return caller.accepted(saved, "Impersonation ended")


@router.get("/me/impersonations")
async def get_own_impersonations(caller: Annotated[Caller, may("me", local=True)]) -> Answer[list[ActedAsMe]]:
    """Who acted as you in this school, why, and until when."""
    async with caller.reading(Audit) as read:
        return caller.answer(await acted_as(read, user_of(caller)), "Impersonations", read)


async def handed_out(caller: Caller, desk: Desk, impersonation: Impersonation) -> Answer[Impersonating]:
    session_id = session_of(caller)
    if session_id is None:
        raise NotFound
    now = caller.call.now
    grant = ActingGrant(
        impersonation_id=impersonation.id,
        tenant_id=caller.tenant_id,
        user_id=impersonation.impersonator_id,
        session_id=session_id,
        as_user_id=impersonation.user_id,
        until=impersonation.until,
    )
    acting = Impersonating(
        id=impersonation.id,
        user_id=impersonation.user_id,
        until=impersonation.until,
        access_token=await desk.signer.issue_to_impersonator(grant, now),
        expires_in=int(min(LIFE, impersonation.until - now).total_seconds()),
    )
    return Answer(data=acting, message="You act as somebody else")
