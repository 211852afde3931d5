"""A membership: one user in one school, with the roles held there."""

from datetime import datetime
from uuid import UUID

from shared.errors import Forbidden, Refused
from shared.events import Aggregate, event
from shared.ids import derived

RANK = {"platform_operator": 4, "owner": 3, "administrator": 2, "manager": 1}


class RoleAboveOwn(Forbidden):
    """Nobody grants or revokes a role above the own one."""


class LastRole(Refused):
    """A member has at least one role; end the membership instead."""


class NotForMembers(Refused):
    """This role is never given to a member of a school."""


class Membership(Aggregate):
    TOPIC = "auth.membership"

    class Created(Aggregate.Created):
        TOPIC = "auth.membership_created"

    class Started(Created):
        TOPIC = "auth.membership_started"
        PUBLIC = True
        user_id: UUID
        roles: tuple[str, ...]

    class RoleGranted(Aggregate.Event):
        TOPIC = "auth.role_granted"
        PUBLIC = True
        user_id: UUID
        role: str

    class RoleRevoked(Aggregate.Event):
        TOPIC = "auth.role_revoked"
        PUBLIC = True
        user_id: UUID
        role: str

    @event(Started)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, user_id: UUID, roles: tuple[str, ...], timestamp: datetime
    ) -> None:
        self.user_id = user_id
        self.roles = roles

    def grant(self, role: str, *, granter: tuple[str, ...], now: datetime) -> None:
        if role in ("platform_operator", "service_account"):
            raise NotForMembers(pointer="/role")
        guard_rank(role, granter)
        if role not in self.roles:
            self._role_granted(user_id=self.user_id, role=role, timestamp=now)

    @event(RoleGranted)
    def _role_granted(self, user_id: UUID, role: str, timestamp: datetime) -> None:
        self.roles = (*self.roles, role)

    def revoke(self, role: str, *, granter: tuple[str, ...], now: datetime) -> None:
        guard_rank(role, granter)
        if role not in self.roles:
            return
        if self.roles == (role,):
            raise LastRole
        self._role_revoked(user_id=self.user_id, role=role, timestamp=now)

    @event(RoleRevoked)
    def _role_revoked(self, user_id: UUID, role: str, timestamp: datetime) -> None:
        self.roles = tuple(held for held in self.roles if held != role)


def guard_rank(role: str, granter: tuple[str, ...]) -> None:
    own = max((RANK.get(held, 0) for held in granter), default=0)
    if own == 0 or RANK.get(role, 0) > own:
        raise RoleAboveOwn(pointer="/role")


def membership_id(tenant_id: UUID, user_id: UUID) -> UUID:
    """Derived, so that one user has one membership in one school."""
    return derived(tenant_id, "membership", user_id)
