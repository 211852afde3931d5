"""The member directory: who belongs to the school, in which roles."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
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
        "suspended": "bool",
        "until": "timestamptz",
        "org_ids": "uuid[]",
        "class_ids": "uuid[]",
    },
)


@dataclass(frozen=True)
class MemberRow:
    id: UUID
    user_id: UUID
    roles: list[str]
    since: datetime
    suspended: bool
    until: datetime | None
    org_ids: list[UUID]
    class_ids: list[UUID]


@dataclass(frozen=True)
class MemberCount:
    members: int


class Members(View):
    """Names stay with the user: they are opened when the directory is read."""

    NAME = "members"
    VERSION = 2
    SOURCE = "auth"
    TABLES = (MEMBERS,)

    @on(Membership.Started)
    def started(self, fact: Fact[Membership.Started], rows: Rows) -> None:
        self._begin(fact, rows)

    @on(Membership.Restarted)
    def restarted(self, fact: Fact[Membership.Restarted], rows: Rows) -> None:
        self._begin(fact, rows)

    @staticmethod
    def _begin(fact: Fact[Any], rows: Rows) -> None:
        rows.put(
            MEMBERS,
            {
                "tenant_id": fact.tenant_id,
                "membership_id": fact.aggregate_id,
                "user_id": fact.data.user_id,
                "roles": list(fact.data.roles),
                "since": fact.time,
                "suspended": False,
                "until": None,
                "org_ids": [],
                "class_ids": [],
            },
        )

    @on(Membership.Suspended)
    def suspended(self, fact: Fact[Membership.Suspended], rows: Rows) -> None:
        rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), suspended=True)

    @on(Membership.Resumed)
    def resumed(self, fact: Fact[Membership.Resumed], rows: Rows) -> None:
        rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), suspended=False)

    @on(Membership.ScopeLimited)
    def scope_limited(self, fact: Fact[Membership.ScopeLimited], rows: Rows) -> None:
        places = {"org_ids": list(fact.data.org_ids), "class_ids": list(fact.data.class_ids)}
        rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), **places)

    @on(Membership.EndSet)
    def end_set(self, fact: Fact[Membership.EndSet], rows: Rows) -> None:
        rows.change(MEMBERS, (fact.tenant_id, fact.aggregate_id), until=fact.data.until)

    @on(Membership.Ended)
    def ended(self, fact: Fact[Membership.Ended], rows: Rows) -> None:
        rows.remove(MEMBERS, (fact.tenant_id, fact.aggregate_id))

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
        "SELECT membership_id AS id, user_id, roles, since, suspended, until, org_ids, class_ids FROM member"
        " WHERE tenant_id = %(tenant)s AND membership_id > %(after)s ORDER BY membership_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def count_members(read: Reading) -> int:
    row = await read.one(MemberCount, "SELECT count(*) AS members FROM member WHERE tenant_id = %(tenant)s")
    return 0 if row is None else row.members
