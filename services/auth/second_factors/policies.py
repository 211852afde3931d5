"""Whose role demands a second factor: each school decides for its own roles."""

from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from auth.memberships.membership import Membership, membership_id
from auth.tenants.tenant import Tenant
from auth.users.user import User
from shared.ids import PLATFORM
from shared.store import EventStore


class Standing(NamedTuple):
    """The second factors that somebody has; `must_enrol`: the school demands one, and there is none."""

    factors: tuple[str, ...]
    must_enrol: bool


async def standing_of(store: EventStore, tenant_id: UUID, user_id: UUID, roles: Iterable[str]) -> Standing:
    user = await store.find(User, user_id, PLATFORM)
    factors = () if user is None else user.second_factors
    tenant = None if factors else await store.find(Tenant, tenant_id, tenant_id)
    return Standing(factors, tenant is not None and demands(tenant, roles))


async def demanded_of(store: EventStore, user: User) -> bool:
    """Whether some school of this user demands a second factor of a role that the user has there."""
    for school_id in user.schools:
        tenant = await store.find(Tenant, school_id, school_id)
        membership = await store.find(Membership, membership_id(school_id, user.id), school_id)
        if tenant is not None and membership is not None and demands(tenant, membership.roles):
            return True
    return False


def demands(tenant: Tenant, roles: Iterable[str]) -> bool:
    return not tenant.second_factor_roles.isdisjoint(roles)
