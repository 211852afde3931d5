"""What can be done with a role of the school's own: define it, change its permissions, retire it."""

from collections.abc import Iterable
from uuid import UUID

from auth.memberships.commands import acting
from auth.roles.held import covers, defined_roles
from auth.roles.role import Granted, PermissionAboveOwn, Role, RoleNameTaken
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.ids import uuid7
from shared.store import EventStore, Taken

NAME = "role-name"


@command
async def define_role(store: EventStore, call: Call, name: str, permissions: tuple[Granted, ...]) -> Saved:
    """Raises PermissionAboveOwn, RoleNameTaken."""
    await check_covered(store, call, permissions)
    role = Role(id=uuid7(), tenant_id=call.tenant_id, name=name, permissions=permissions, timestamp=call.now)
    try:
        return await store.save(role, call=call, claims=(name_of(role),))
    except Taken:
        raise RoleNameTaken(pointer="/name") from None


@command
async def change_role_permissions(
    store: EventStore, call: Call, role_id: UUID, permissions: tuple[Granted, ...]
) -> Saved:
    """Also what the role had before must lie within the own rights: nobody cuts down what is above. Holders' tokens
    are refused until they are refreshed."""
    role = await store.get(Role, role_id, call.tenant_id)
    await check_covered(store, call, [*permissions, *role.permissions])
    return await store.change(Role, role_id, lambda r: r.change_permissions(permissions, call.now), call=call)


@command
async def retire_role(store: EventStore, call: Call, role_id: UUID) -> Saved:
    role = await store.get(Role, role_id, call.tenant_id)
    await check_covered(store, call, role.permissions)
    releases = () if role.retired else (name_of(role),)
    return await store.change(Role, role_id, lambda r: r.retire(call.now), call=call, releases=releases)


async def check_covered(store: EventStore, call: Call, permissions: Iterable[Granted]) -> None:
    maker = await acting(store, call)
    if not covers(maker, await defined_roles(store, call.tenant_id, maker.roles), permissions):
        raise PermissionAboveOwn(pointer="/permissions")


def name_of(role: Role) -> Claim:
    return Claim(role.tenant_id, NAME, role.name.casefold(), role.id)
