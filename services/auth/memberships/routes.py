"""HTTP of memberships: the directory, roles, and who I am."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from auth.memberships.commands import grant_role, revoke_role
from auth.memberships.members import MemberRow, Members, members_of
from auth.memberships.membership import LastRole, MembershipIsOver, NotForMembers, OwnerIsUnlimited, RoleAboveOwn
from auth.tenants.tenant import LastOwner
from auth.users.user import User
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import Forbidden, NotFound
from shared.ids import PLATFORM
from shared.problems import problems

router = APIRouter(tags=["members"])

Role = Literal[
    "owner",
    "administrator",
    "manager",
    "front_desk",
    "teacher",
    "billing_clerk",
    "auditor",
    "guardian",
    "student",
]


class RoleRequest(Request):
    """A role of every school, or the id of one that this school defined."""

    role: Role | UUID


class Member(BaseModel):
    """Names and e-mail are null once the user is erased. `org_ids` and `class_ids`: what the membership is limited to;
    both empty: the whole school."""

    id: UUID
    user_id: UUID
    roles: list[str]
    since: datetime
    suspended: bool
    until: datetime | None
    org_ids: list[UUID]
    class_ids: list[UUID]
    given_name: str | None
    family_name: str | None
    email: str | None


class Me(BaseModel):
    """`schools` are those that this user can enter; `tenant_id` names the one of this token, the only one that is shown
    to who signed in by its identity provider, or acts as this user."""

    user_id: UUID
    tenant_id: UUID
    roles: list[str]
    permissions: list[str]
    given_name: str | None
    family_name: str | None
    email: str | None
    schools: list[UUID]


@router.get("/members", responses=problems())
async def get_members(page: Page, caller: Annotated[Caller, may("members.read")]) -> Answer[list[Member]]:
    """Who belongs to the school, in which roles."""
    after = page.after(UUID)
    async with caller.reading(Members) as read:
        rows = await members_of(read, after=after[0] if after else None, limit=page.limit + 1)
    members = await with_names(caller, rows)
    return caller.page(members, "Members", read, page, lambda member: (member.id,))


@router.post(
    "/members/{membership_id}/roles",
    responses=problems(NotFound, Forbidden, RoleAboveOwn, NotForMembers, MembershipIsOver, OwnerIsUnlimited),
)
async def post_role(
    membership_id: UUID, body: RoleRequest, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Grant a role, never one above the own."""
    return caller.accepted(await grant_role(caller.store, caller.call, membership_id, str(body.role)), "Role granted")


@router.post(
    "/members/{membership_id}/role-revocations",
    responses=problems(NotFound, Forbidden, RoleAboveOwn, LastRole, LastOwner),
)
async def post_role_revocation(
    membership_id: UUID, body: RoleRequest, caller: Annotated[Caller, may("members.write", fresh=True)]
) -> Answer[Receipt]:
    """Revoke a role. A member keeps one, a school keeps an owner."""
    return caller.accepted(await revoke_role(caller.store, caller.call, membership_id, str(body.role)), "Role revoked")


@router.get("/me", responses=problems(NotFound))
async def get_me(caller: Annotated[Caller, may("me", local=True)]) -> Answer[Me]:
    """Who this token belongs to, and which schools that user can enter."""
    identity = caller.identity
    if identity is None:
        raise NotFound
    user = await caller.store.get(User, UUID(identity.subject), PLATFORM)
    email, given_name, family_name = await opened(caller, [user])
    me = Me(
        user_id=user.id,
        tenant_id=caller.tenant_id,
        roles=list(identity.roles),
        permissions=sorted(identity.permissions),
        given_name=given_name,
        family_name=family_name,
        email=email,
        schools=[caller.tenant_id] if identity.federated_alone or identity.acting else list(user.schools),
    )
    return caller.answer(me, "You")


async def with_names(caller: Caller, rows: list[MemberRow]) -> list[Member]:
    """Names come from the users themselves: they belong to the platform, not to the school."""
    users = await caller.store.get_many(User, [row.user_id for row in rows], PLATFORM)
    people = [users[row.user_id] for row in rows]
    texts = await opened(caller, people)
    return [
        Member(**asdict(row), email=texts[at], given_name=texts[at + 1], family_name=texts[at + 2])
        for row, at in zip(rows, range(0, len(texts), 3), strict=True)
    ]


async def opened(caller: Caller, users: list[User]) -> list[str | None]:
    """E-mail, given name and family name of each user, in this order."""
    return await caller.keyring.open(
        PLATFORM,
        [(user.id, field, getattr(user, field)) for user in users for field in ("email", "given_name", "family_name")],
    )
