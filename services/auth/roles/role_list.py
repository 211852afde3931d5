"""The roles that a school defined."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from auth.roles.role import Role
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ROLES = Table(
    "role",
    key=("tenant_id", "role_id"),
    columns={
        "tenant_id": "uuid",
        "role_id": "uuid",
        "name": "text",
        "permissions": "jsonb",
        "retired": "bool",
    },
)


class RoleList(View):
    """Retired ones stay, so that old grants can be read."""

    NAME = "roles"
    SOURCE = "auth"
    TABLES = (ROLES,)

    @on(Role.Defined)
    def defined(self, fact: Fact[Role.Defined], rows: Rows) -> None:
        told = {"name": fact.data.name, "permissions": told_of(fact.data), "retired": False}
        rows.put(ROLES, {"tenant_id": fact.tenant_id, "role_id": fact.aggregate_id, **told})

    @on(Role.PermissionsChanged)
    def permissions_changed(self, fact: Fact[Role.PermissionsChanged], rows: Rows) -> None:
        rows.change(ROLES, (fact.tenant_id, fact.aggregate_id), permissions=told_of(fact.data))

    @on(Role.Retired)
    def retired(self, fact: Fact[Role.Retired], rows: Rows) -> None:
        rows.change(ROLES, (fact.tenant_id, fact.aggregate_id), retired=True)


def told_of(data: Role.Defined | Role.PermissionsChanged) -> list[dict[str, Any]]:
    return [asdict(granted) for granted in data.permissions]


class PermissionLine(BaseModel):
    permission: str
    reach: str


class RoleLine(BaseModel):
    id: UUID
    name: str
    permissions: list[PermissionLine]
    retired: bool


async def roles_of(read: Reading, *, after: UUID | None, limit: int) -> list[RoleLine]:
    return await read.all(
        RoleLine,
        "SELECT role_id AS id, name, permissions, retired FROM role WHERE tenant_id = %(tenant)s"
        " AND role_id > %(after)s ORDER BY role_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )
