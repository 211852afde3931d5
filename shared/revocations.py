"""What every service knows of rights that changed: fed by auth's events, asked by each write."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from pydantic import BaseModel

from shared.identity import Identity
from shared.ids import uuid_or_none
from shared.kernel import Kernel
from shared.reading import ViewBehind
from shared.standing import NOTHING_KNOWN, Standing, Standings
from shared.views import Fact, Rows, Table, View, on

MEMBERS = Table(
    "revocation_member",
    key=("tenant_id", "user_id"),
    columns={"tenant_id": "uuid", "user_id": "uuid", "rights": "int4", "until": "timestamptz"},
)
LOGINS = Table(
    "revocation_login",
    key=("tenant_id", "login"),
    columns={"tenant_id": "uuid", "login": "uuid"},
)
ROLES = Table(
    "revocation_role",
    key=("tenant_id", "role_id"),
    columns={"tenant_id": "uuid", "role_id": "uuid", "rights": "int4"},
)
TENANTS = Table(
    "revocation_tenant",
    key=("tenant_id",),
    columns={"tenant_id": "uuid", "suspended": "bool"},
)


class OfMember(BaseModel):
    """Whatever changed the rights of a member: its version numbers them."""

    user_id: UUID


class EndSet(OfMember):
    until: datetime | None


class OfKey(BaseModel):
    """The key that a program's tokens name as their login."""

    key_id: UUID


class Anything(BaseModel):
    """Nothing of the event is read but that it happened."""


class Revocations(View):
    """Rights are numbered by the versions of their aggregates, so a token is compared without any clock: one with the
    number of the row, or a newer one, is as good as the row."""

    NAME = "revocations"
    SOURCE = "auth"
    TABLES: ClassVar = (MEMBERS, LOGINS, ROLES, TENANTS)

    @on("auth.membership_started", "auth.membership_restarted")
    def began(self, fact: Fact[OfMember], rows: Rows) -> None:
        member = {"tenant_id": fact.tenant_id, "user_id": fact.data.user_id}
        rows.put(MEMBERS, {**member, "rights": fact.version, "until": None})

    @on(
        "auth.role_granted",
        "auth.role_revoked",
        "auth.scope_limited",
        "auth.membership_suspended",
        "auth.membership_resumed",
        "auth.membership_ended",
    )
    def changed(self, fact: Fact[OfMember], rows: Rows) -> None:
        rows.change(MEMBERS, (fact.tenant_id, fact.data.user_id), rights=fact.version)

    @on("auth.membership_end_set")
    def end_set(self, fact: Fact[EndSet], rows: Rows) -> None:
        rows.change(MEMBERS, (fact.tenant_id, fact.data.user_id), rights=fact.version, until=fact.data.until)

    @on("auth.role_permissions_changed", "auth.role_retired")
    def role_changed(self, fact: Fact[Anything], rows: Rows) -> None:
        role = {"tenant_id": fact.tenant_id, "role_id": fact.aggregate_id}
        rows.put(ROLES, {**role, "rights": fact.version})

    @on("auth.api_key_revoked")
    def key_revoked(self, fact: Fact[OfKey], rows: Rows) -> None:
        rows.put(LOGINS, {"tenant_id": fact.tenant_id, "login": fact.data.key_id})

    @on(
        "auth.session_ended",
        "auth.service_account_retired",
        "auth.impersonation_ended",
        "auth.operator_access_revoked",
    )
    def login_ended(self, fact: Fact[Anything], rows: Rows) -> None:
        rows.put(LOGINS, {"tenant_id": fact.tenant_id, "login": fact.aggregate_id})

    @on("auth.tenant_suspended")
    def suspended(self, fact: Fact[Anything], rows: Rows) -> None:
        self._tenant(fact, rows, suspended=True)

    @on("auth.tenant_reinstated")
    def reinstated(self, fact: Fact[Anything], rows: Rows) -> None:
        self._tenant(fact, rows, suspended=False)

    @staticmethod
    def _tenant(fact: Fact[Any], rows: Rows, *, suspended: bool) -> None:
        rows.put(TENANTS, {"tenant_id": fact.tenant_id, "suspended": suspended})


QUERY = """
SELECT m.rights, m.until,
       EXISTS (SELECT FROM revocation_login l
               WHERE l.tenant_id = t.id AND l.login IN (%(login)s, %(user)s)) AS login_ended,
       coalesce((SELECT suspended FROM revocation_tenant s WHERE s.tenant_id = t.id), false) AS suspended,
       EXISTS (SELECT FROM revocation_role r
               JOIN unnest(%(roles)s::uuid[], %(versions)s::int4[]) AS held(role_id, version)
                 ON r.role_id = held.role_id AND held.version < r.rights
               WHERE r.tenant_id = t.id) AS role_changed
FROM (SELECT %(tenant)s::uuid AS id) t
LEFT JOIN revocation_member m ON m.tenant_id = t.id AND m.user_id = %(user)s
"""


def standings_of(kernel: Kernel) -> Standings:
    fed = Revocations in kernel.service.views

    async def look(identity: Identity) -> Standing:
        """A view that is not filled yet is one that lags: the token's five minutes are the bound then."""
        if not fed:
            return NOTHING_KNOWN
        roles = [role.partition("@") for role in identity.custom_roles]
        try:
            async with kernel.reading(Revocations, identity.tenant_id) as read:
                found = await read.one(
                    Standing,
                    QUERY,
                    user=uuid_or_none(identity.subject),
                    login=uuid_or_none(identity.login),
                    roles=[UUID(id) for id, _, _ in roles],
                    versions=[int(version) for _, _, version in roles],
                )
        except ViewBehind:
            return NOTHING_KNOWN
        return found or NOTHING_KNOWN

    return Standings(look)
