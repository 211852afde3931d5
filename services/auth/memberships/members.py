"""The member directory: who belongs to the school, in which roles."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.memberships.membership import Membership
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

MEMBERS = Table(
    "member",
    key=("tenant_id", "membership_id"),
    columns={
        "tenant_id": "uuid",
        "membership_id": "uuid",
        "user_id": "uuid",
        "roles": "text[]",
        "since": "timestamptz",
    },
)


@dataclass(frozen=True)
class MemberRow:
    id: UUID
    user_id: UUID
    roles: list[str]
    since: datetime


@dataclass(frozen=True)
class MemberCount:
    members: int


class Members(View):
    """Names stay with the user: they are opened when the directory is read."""

    NAME = "members"
    VERSION = 1
    SOURCE = "auth"
    TABLES = (MEMBERS,)

    @on(Membership.Started)
    def started(self, fact: Fact[Membership.Started], rows: Rows) -> None:
        rows.put(
            MEMBERS,
            {
                "tenant_id": fact.tenant_id,
                "membership_id": fact.aggregate_id,
                "user_id": fact.data.user_id,
                "roles": list(fact.data.roles),
                "since": fact.time,
            },
        )

    @on(Membership.RoleGranted)
    async def granted(self, fact: Fact[Membership.RoleGranted], rows: Rows) -> None:
        roles = await held(rows, fact.tenant_id, fact.aggregate_id)
        if fact.data.role not in roles:
            rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), roles=[*roles, fact.data.role])

    @on(Membership.RoleRevoked)
    async def revoked(self, fact: Fact[Membership.RoleRevoked], rows: Rows) -> None:
        roles = await held(rows, fact.tenant_id, fact.aggregate_id)
        left = [role for role in roles if role != fact.data.role]
        rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), roles=left)


async def held(rows: Rows, tenant_id: UUID, membership_id: UUID) -> list[str]:
    row = await rows.get(MEMBERS, (tenant_id, membership_id))
    return [] if row is None else list(row["roles"])


async def members_of(read: Reading, *, after: UUID | None, limit: int) -> list[MemberRow]:
    return await read.all(
        MemberRow,
        "SELECT membership_id AS id, user_id, roles, since FROM member WHERE tenant_id = %(tenant)s"
        " AND membership_id > %(after)s ORDER BY membership_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def count_members(read: Reading) -> int:
    row = await read.one(MemberCount, "SELECT count(*) AS members FROM member WHERE tenant_id = %(tenant)s")
    return 0 if row is None else row.members
