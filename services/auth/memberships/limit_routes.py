"""HTTP of what limits a membership: suspend, resume, limit, end; and a member's sign-ins in this school."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime, Field, model_validator

from auth.desk import AtDesk
from auth.login_sessions.identified import user_of
from auth.login_sessions.routes import SignIn, sign_in_of
from auth.memberships.limits import (
    end_membership,
    limit_scope,
    resume_membership,
    set_end,
    suspend_membership,
)
from auth.memberships.membership import (
    MOST_PLACES,
    Membership,
    MembershipIsOver,
    OwnerIsUnlimited,
    RoleAboveOwn,
    Scope,
)
from auth.memberships.membership import (
    membership_id as membership_id_of,
)
from auth.memberships.sign_ins import end_members_sign_ins, end_sign_ins_of, families_of, unlock_member
from auth.tenants.tenant import LastOwner
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import Forbidden, NotFound
from shared.problems import problems

router = APIRouter(tags=["members"])

REFUSALS = problems(NotFound, Forbidden, RoleAboveOwn, MembershipIsOver)
UNLIMITED = problems(NotFound, Forbidden, RoleAboveOwn, MembershipIsOver, OwnerIsUnlimited)
ENDING = problems(NotFound, Forbidden, RoleAboveOwn, LastOwner)

Places = Annotated[tuple[UUID, ...], Field(max_length=MOST_PLACES)]


class ScopeRequest(Request):
    """The orgs and classes that the membership is limited to, ten at most; none: the whole school."""

    org_ids: Places = ()
    class_ids: Places = ()

    @model_validator(mode="after")
    def _few(self) -> "ScopeRequest":
        if len(self.org_ids) + len(self.class_ids) > MOST_PLACES:
            raise ValueError(f"a membership is limited to {MOST_PLACES} places at most")
        return self


class EndRequest(Request):
    """From then on the membership opens nothing; null: without end."""

    until: AwareDatetime | None


@router.post("/members/{membership_id}/suspension", responses=REFUSALS)
async def post_suspension(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Suspend a member: the sign-ins of this school end, the roles stay for later."""
    saved = await suspend_membership(caller.store, caller.call, membership_id)
    await sign_out(caller, desk, membership_id, "membership-suspended")
    return caller.accepted(saved, "Membership suspended")


@router.post("/members/{membership_id}/resumption", responses=REFUSALS)
async def post_resumption(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Let a suspended member in again."""
    return caller.accepted(await resume_membership(caller.store, caller.call, membership_id), "Membership resumed")


@router.post("/members/{membership_id}/scope", responses=UNLIMITED)
async def post_scope(
    membership_id: UUID, body: ScopeRequest, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Limit a member to some orgs and classes."""
    scope = Scope(tuple(sorted(set(body.org_ids))), tuple(sorted(set(body.class_ids))))
    return caller.accepted(await limit_scope(caller.store, caller.call, membership_id, scope), "Scope limited")


@router.post("/members/{membership_id}/end-date", responses=UNLIMITED)
async def post_end_date(
    membership_id: UUID, body: EndRequest, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Say until when somebody belongs to the school, such as a visiting auditor."""
    until: datetime | None = body.until
    return caller.accepted(await set_end(caller.store, caller.call, membership_id, until), "End date set")


@router.post("/members/{membership_id}/end", responses=ENDING)
async def post_member_end(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[Receipt]:
    """End a membership and all sign-ins of it. A school keeps an owner."""
    saved = await end_membership(caller.store, caller.call, membership_id)
    await sign_out(caller, desk, membership_id, "membership-ended")
    return caller.accepted(saved, "Membership ended")


@router.post("/me/leave", responses=problems(NotFound, Forbidden, LastOwner))
async def post_leave(caller: Annotated[Caller, may("me", local=True)], desk: AtDesk) -> Answer[Receipt]:
    """Leave the school of this token. Its last owner cannot."""
    membership_id = membership_id_of(caller.tenant_id, user_of(caller))
    saved = await end_membership(caller.store, caller.call, membership_id)
    await sign_out(caller, desk, membership_id, "membership-ended")
    return caller.accepted(saved, "You left")


@router.get("/members/{membership_id}/sign-ins", responses=problems(NotFound))
async def get_member_sign_ins(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", sensitive=True)], desk: AtDesk
) -> Answer[list[SignIn]]:
    """Where a member is signed in, in this school."""
    membership = await caller.store.get(Membership, membership_id, caller.tenant_id)
    families = await families_of(desk.refresh_tokens, caller.tenant_id, membership.user_id)
    return caller.answer([sign_in_of(family, caller) for family in families], "Sign-ins")


@router.post("/members/{membership_id}/sign-ins/end", responses=problems(NotFound, Forbidden, RoleAboveOwn))
async def post_member_sign_ins_end(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[int]:
    """End all sign-ins of a member in this school; says how many there were."""
    ended = await end_members_sign_ins(caller.store, caller.call, desk.refresh_tokens, membership_id, None)
    return Answer(data=ended, message="Sign-ins ended")


@router.post(
    "/members/{membership_id}/sign-ins/{session_id}/end", responses=problems(NotFound, Forbidden, RoleAboveOwn)
)
async def post_member_sign_in_end(
    membership_id: UUID, session_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[int]:
    """End one sign-in of a member."""
    ended = await end_members_sign_ins(caller.store, caller.call, desk.refresh_tokens, membership_id, session_id)
    return Answer(data=ended, message="Sign-in ended")


@router.post("/members/{membership_id}/unlock", responses=problems(NotFound))
async def post_unlock(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Open an account that wrong passwords have locked."""
    saved = await unlock_member(caller.store, caller.call, caller.keyring, desk.credentials, membership_id)
    return Answer(data=Receipt(id=saved.id, version=saved.version), message="Account unlocked")


async def sign_out(caller: Caller, desk: AtDesk, membership_id: UUID, reason: str) -> None:
    membership = await caller.store.get(Membership, membership_id, caller.tenant_id)
    await end_sign_ins_of(caller.store, caller.call.step("sign-ins"), desk.refresh_tokens, membership.user_id, reason)
