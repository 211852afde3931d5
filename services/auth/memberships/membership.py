"""A membership: one user in one school, with the roles held there."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.errors import Forbidden, Refused
from shared.events import Aggregate, event
from shared.ids import derived

MOST_PLACES = 10


class Scope(NamedTuple):
    """The orgs and classes that a membership is limited to; none: the whole school."""

    org_ids: tuple[UUID, ...] = ()
    class_ids: tuple[UUID, ...] = ()


WHOLE = Scope()
RANK = {"platform_operator": 4, "owner": 3, "administrator": 2, "manager": 1}


class RoleAboveOwn(Forbidden):
    """Nobody grants or revokes a role above the own one."""


class LastRole(Refused):
    """A member has at least one role; end the membership instead."""


class NotForMembers(Refused):
    """This role is never given to a member of a school."""


class MembershipIsOver(Refused):
    """This membership has ended."""


class OwnerIsUnlimited(Refused):
    """An owner's membership has no end date and no limits: revoke that role first."""


class Membership(Aggregate):
    """A role is one of the matrix, or the id of a role that the school defined. `version` numbers the rights: tokens
    carry it, so that older ones can be told from newer ones."""

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

    class Suspended(Aggregate.Event):
        TOPIC = "auth.membership_suspended"
        PUBLIC = True
        user_id: UUID

    class Resumed(Aggregate.Event):
        TOPIC = "auth.membership_resumed"
        PUBLIC = True
        user_id: UUID

    class ScopeLimited(Aggregate.Event):
        """Both empty: the whole school again."""

        TOPIC = "auth.scope_limited"
        PUBLIC = True
        user_id: UUID
        org_ids: tuple[UUID, ...]
        class_ids: tuple[UUID, ...]

    class EndSet(Aggregate.Event):
        """`until` None: without end."""

        TOPIC = "auth.membership_end_set"
        PUBLIC = True
        user_id: UUID
        until: datetime | None

    class Ended(Aggregate.Event):
        """`reason`: "left" by the member, "removed" by somebody else."""

        TOPIC = "auth.membership_ended"
        PUBLIC = True
        user_id: UUID
        reason: str

    class Restarted(Aggregate.Event):
        TOPIC = "auth.membership_restarted"
        PUBLIC = True
        user_id: UUID
        roles: tuple[str, ...]

    class ExternalIdentityLinked(Aggregate.Event):
        """An identity of a provider opens this membership: whose, says a claim."""

        TOPIC = "auth.external_identity_linked"
        user_id: UUID
        provider_id: UUID

    class ExternalIdentitiesUnlinked(Aggregate.Event):
        """All of them."""

        TOPIC = "auth.external_identities_unlinked"
        user_id: UUID

    @event(Started)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, user_id: UUID, roles: tuple[str, ...], timestamp: datetime
    ) -> None:
        self.user_id = user_id
        self.roles = roles
        self.scope = WHOLE
        self.until: datetime | None = None
        self.suspended = False
        self.ended = False
        self.providers: frozenset[UUID] = frozenset()

    def active(self, now: datetime) -> bool:
        """Whether it opens the school."""
        return not self.ended and not self.suspended and (self.until is None or now < self.until)

    def _holding(self) -> None:
        if self.ended:
            raise MembershipIsOver

    def grant(self, role: str, *, granter: tuple[str, ...], now: datetime) -> None:
        if role in ("platform_operator", "service_account"):
            raise NotForMembers(pointer="/role")
        self._holding()
        guard_rank([role], granter)
        if role == "owner" and (self.suspended or self.until is not None or self.scope != WHOLE):
            raise OwnerIsUnlimited
        if role not in self.roles:
            self._role_granted(user_id=self.user_id, role=role, timestamp=now)

    @event(RoleGranted)
    def _role_granted(self, user_id: UUID, role: str, timestamp: datetime) -> None:
        self.roles = (*self.roles, role)

    def revoke(self, role: str, *, granter: tuple[str, ...], now: datetime) -> None:
        guard_rank([role], granter)
        if role not in self.roles:
            return
        if self.roles == (role,):
            raise LastRole
        self._role_revoked(user_id=self.user_id, role=role, timestamp=now)

    @event(RoleRevoked)
    def _role_revoked(self, user_id: UUID, role: str, timestamp: datetime) -> None:
        self.roles = tuple(held for held in self.roles if held != role)

    def follow(self, managed: frozenset[str], wanted: frozenset[str], now: datetime) -> bool:
        """Of the `managed` roles holds those that are `wanted`; all others stay. Whether any role is left: if none is,
        nothing changes."""
        kept = [role for role in self.roles if role not in managed or role in wanted]
        if not kept and not wanted:
            return False
        for role in sorted(wanted.difference(self.roles)):
            self._role_granted(user_id=self.user_id, role=role, timestamp=now)
        for role in self.roles:
            if role in managed and role not in wanted:
                self._role_revoked(user_id=self.user_id, role=role, timestamp=now)
        return True

    def link(self, provider_id: UUID, now: datetime) -> None:
        if provider_id not in self.providers:
            self._external_identity_linked(user_id=self.user_id, provider_id=provider_id, timestamp=now)

    @event(ExternalIdentityLinked)
    def _external_identity_linked(self, user_id: UUID, provider_id: UUID, timestamp: datetime) -> None:
        self.providers = self.providers | {provider_id}

    def unlink(self, *, by: tuple[str, ...], now: datetime) -> None:
        guard_rank(self.roles, by)
        if self.providers:
            self._external_identities_unlinked(user_id=self.user_id, timestamp=now)

    @event(ExternalIdentitiesUnlinked)
    def _external_identities_unlinked(self, user_id: UUID, timestamp: datetime) -> None:
        self.providers = frozenset()

    def suspend(self, *, by: tuple[str, ...], now: datetime) -> None:
        self._holding()
        guard_rank(self.roles, by)
        if not self.suspended:
            self._suspended(user_id=self.user_id, timestamp=now)

    @event(Suspended)
    def _suspended(self, user_id: UUID, timestamp: datetime) -> None:
        self.suspended = True

    def resume(self, *, by: tuple[str, ...], now: datetime) -> None:
        self._holding()
        guard_rank(self.roles, by)
        if self.suspended:
            self._resumed(user_id=self.user_id, timestamp=now)

    @event(Resumed)
    def _resumed(self, user_id: UUID, timestamp: datetime) -> None:
        self.suspended = False

    def limit_scope(self, scope: Scope, *, by: tuple[str, ...], now: datetime) -> None:
        self._holding()
        guard_rank(self.roles, by)
        if scope == self.scope:
            return
        if "owner" in self.roles:
            raise OwnerIsUnlimited
        self._scope_limited(user_id=self.user_id, org_ids=scope.org_ids, class_ids=scope.class_ids, timestamp=now)

    @event(ScopeLimited)
    def _scope_limited(
        self, user_id: UUID, org_ids: tuple[UUID, ...], class_ids: tuple[UUID, ...], timestamp: datetime
    ) -> None:
        self.scope = Scope(org_ids, class_ids)

    def set_end(self, until: datetime | None, *, by: tuple[str, ...], now: datetime) -> None:
        self._holding()
        guard_rank(self.roles, by)
        if until == self.until:
            return
        if "owner" in self.roles:
            raise OwnerIsUnlimited
        self._end_set(user_id=self.user_id, until=until, timestamp=now)

    @event(EndSet)
    def _end_set(self, user_id: UUID, until: datetime | None, timestamp: datetime) -> None:
        self.until = until

    def leave(self, now: datetime) -> None:
        if not self.ended:
            self._ended(user_id=self.user_id, reason="left", timestamp=now)

    def end(self, *, by: tuple[str, ...], now: datetime) -> None:
        guard_rank(self.roles, by)
        if not self.ended:
            self._ended(user_id=self.user_id, reason="removed", timestamp=now)

    @event(Ended)
    def _ended(self, user_id: UUID, reason: str, timestamp: datetime) -> None:
        self.ended = True

    def restart(self, roles: tuple[str, ...], now: datetime) -> None:
        """Somebody who left comes back, with these roles and nothing else of before."""
        if self.ended:
            self._restarted(user_id=self.user_id, roles=roles, timestamp=now)

    @event(Restarted)
    def _restarted(self, user_id: UUID, roles: tuple[str, ...], timestamp: datetime) -> None:
        self.roles = roles
        self.scope = WHOLE
        self.until = None
        self.suspended = False
        self.ended = False


def guard_rank(roles: Iterable[str], own: tuple[str, ...]) -> None:
    """A role that the school defined has no rank: what it may do is compared where it is granted."""
    rank = rank_of(own)
    if rank == 0 or rank_of(roles) > rank:
        raise RoleAboveOwn(pointer="/role")


def rank_of(roles: Iterable[str]) -> int:
    return max((RANK.get(role, 0) for role in roles), default=0)


def membership_id(tenant_id: UUID, user_id: UUID) -> UUID:
    """Derived, so that one user has one membership in one school."""
    return derived(tenant_id, "membership", user_id)
