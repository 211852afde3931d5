"""What a membership allows: the union of its roles, limited to its places."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from auth.memberships.membership import WHOLE, Membership, Scope, membership_id
from auth.roles.matrix import MATRIX
from auth.roles.role import Granted, Role
from shared.store import EventStore

OWN = frozenset({"me"})
"""About the caller alone: every member has it, whatever the roles and limits."""


@dataclass(frozen=True)
class Held:
    """`whole`: permissions for the whole school. `within`: narrower ones by the reach of each: "places" (the orgs and
    classes of `scope`), "classes" (those one teaches), "family". `rights` and `custom` say as of when."""

    roles: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    within: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    scope: Scope = WHOLE
    rights: int = 0
    custom: tuple[str, ...] = ()


NOTHING = Held()


async def held_in(store: EventStore, tenant_id: UUID, user_id: UUID, now: datetime) -> Held:
    """From the log itself. Nothing for a membership that is suspended or over."""
    membership = await store.find(Membership, membership_id(tenant_id, user_id), tenant_id)
    if membership is None or not membership.active(now):
        return NOTHING
    return held_by(membership, await defined_roles(store, tenant_id, membership.roles))


async def defined_roles(store: EventStore, tenant_id: UUID, roles: Iterable[str]) -> list[Role]:
    """Those of the roles that the school defined itself."""
    ids = custom_ids(roles)
    return list((await store.get_many(Role, ids, tenant_id)).values()) if ids else []


def custom_ids(roles: Iterable[str]) -> list[UUID]:
    return [UUID(role) for role in roles if role not in MATRIX]


def held_by(membership: Membership, defined: Iterable[Role]) -> Held:
    defined = list(defined)
    whole: list[str] = []
    within: defaultdict[str, list[str]] = defaultdict(list)
    limited = membership.scope != WHOLE
    for permission, reaches in sorted(reaches_of(membership.roles, defined).items()):
        if "tenant" in reaches and (not limited or permission in OWN):
            whole.append(permission)
            continue
        for kind in sorted({"places" if reach in ("tenant", "orgs") else reach for reach in reaches}):
            within[kind].append(permission)
    return Held(
        roles=membership.roles,
        whole=tuple(whole),
        within={kind: tuple(permissions) for kind, permissions in within.items()},
        scope=membership.scope,
        rights=membership.version,
        custom=tuple(f"{role.id}@{role.version}" for role in defined),
    )


def reaches_of(roles: Iterable[str], defined: Iterable[Role]) -> dict[str, set[str]]:
    """Each permission with all reaches that some role gives it."""
    reaches: defaultdict[str, set[str]] = defaultdict(set, {permission: {"tenant"} for permission in OWN})
    for role in roles:
        for permission, reach in MATRIX.get(role, {}).items():
            if reach not in ("none", "scopes"):
                reaches[permission].add(reach)
    for custom in defined:
        for granted in () if custom.retired else custom.permissions:
            reaches[granted.permission].add(granted.reach)
    return reaches


def given_by(role: str, defined: Iterable[Role]) -> list[Granted]:
    """All that one role allows."""
    reaches = reaches_of([role], defined)
    return [Granted(permission, reach) for permission, found in sorted(reaches.items()) for reach in sorted(found)]


def without(held: Held, permissions: frozenset[str]) -> Held:
    return replace(
        held,
        whole=tuple(name for name in held.whole if name not in permissions),
        within={kind: tuple(n for n in names if n not in permissions) for kind, names in held.within.items()},
    )


def holds_whole(membership: Membership, defined: Iterable[Role], permissions: Iterable[str]) -> bool:
    """Whether this membership allows all of it in the whole school."""
    own = reaches_of(membership.roles, defined)
    return membership.scope == WHOLE and all("tenant" in own.get(permission, set()) for permission in permissions)


def covers(membership: Membership, defined: Iterable[Role], wanted: Iterable[Granted]) -> bool:
    """Whether all of it lies within what this membership allows. One that is limited to places gives nothing away:
    a role does not know whose places it will be held for."""
    own = reaches_of(membership.roles, defined)
    return membership.scope == WHOLE and all(
        not own.get(each.permission, set()).isdisjoint({"tenant", each.reach}) for each in wanted
    )
