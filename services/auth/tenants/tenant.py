"""A tenant: one school as a customer, and the wall between customers."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class LastOwner(Refused):
    """A school always has at least one owner."""


class TenantIsSuspended(Refused):
    """This school is suspended: it can be read, and nothing in it changes."""


class TenantIsNotSuspended(Refused):
    """This school is not suspended."""


class Settings(NamedTuple):
    """What a school decides about itself. `language` is that of people who chose none; marks of a month can be
    corrected by everybody who may until `freeze_day` of the next one, None: for ever."""

    zone: str
    language: str = "en"
    freeze_day: int | None = None


@dataclass(frozen=True)
class ExternalOnly:
    """Who signs in by an identity provider only: everybody, or whose address is of one of these domains."""

    everybody: bool = False
    domains: tuple[str, ...] = ()

    def holds_for(self, email: str) -> bool:
        return self.everybody or email.rpartition("@")[2].casefold() in self.domains


class Tenant(Aggregate):
    TOPIC = "auth.tenant"

    class Created(Aggregate.Created):
        TOPIC = "auth.tenant_created"

    class Registered(Created):
        TOPIC = "auth.tenant_registered"
        PUBLIC = True
        name: str
        country: str
        currency: str
        zone: str
        owner_id: UUID

    class Renamed(Aggregate.Event):
        TOPIC = "auth.tenant_renamed"
        PUBLIC = True
        name: str

    class SettingsChanged(Aggregate.Event):
        """All settings, as they are from now on."""

        TOPIC = "auth.tenant_settings_changed"
        PUBLIC = True
        zone: str
        language: str
        freeze_day: int | None

    class Suspended(Aggregate.Event):
        TOPIC = "auth.tenant_suspended"
        PUBLIC = True
        reason: str

    class Reinstated(Aggregate.Event):
        TOPIC = "auth.tenant_reinstated"
        PUBLIC = True
        reason: str

    class OwnerAdded(Aggregate.Event):
        TOPIC = "auth.owner_added"
        user_id: UUID

    class OwnerRemoved(Aggregate.Event):
        TOPIC = "auth.owner_removed"
        user_id: UUID

    class SecurityPolicySet(Aggregate.Event):
        """The roles that must have a second factor."""

        TOPIC = "auth.security_policy_set"
        second_factor_roles: tuple[str, ...]

    class ExternalSignInDemanded(Aggregate.Event):
        """Of everybody, of some domains, or of nobody any more. Owners are never meant."""

        TOPIC = "auth.external_sign_in_demanded"
        everybody: bool
        domains: tuple[str, ...]

    @event(Registered)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        name: str,
        country: str,
        currency: str,
        zone: str,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.owners = frozenset({owner_id})
        self.second_factor_roles: frozenset[str] = frozenset()
        self.external_only = ExternalOnly()
        self.name = name
        self.settings = Settings(zone)
        self.suspended = False

    def rename(self, name: str, now: datetime) -> None:
        self._in_use()
        if name != self.name:
            self._renamed(name=name, timestamp=now)

    @event(Renamed)
    def _renamed(self, name: str, timestamp: datetime) -> None:
        self.name = name

    def change_settings(self, settings: Settings, now: datetime) -> None:
        self._in_use()
        if settings != self.settings:
            self._settings_changed(timestamp=now, **settings._asdict())

    @event(SettingsChanged)
    def _settings_changed(self, zone: str, language: str, freeze_day: int | None, timestamp: datetime) -> None:
        self.settings = Settings(zone, language, freeze_day)

    def suspend(self, reason: str, now: datetime) -> None:
        self._in_use()
        self._suspended(reason=reason, timestamp=now)

    @event(Suspended)
    def _suspended(self, reason: str, timestamp: datetime) -> None:
        self.suspended = True

    def reinstate(self, reason: str, now: datetime) -> None:
        if not self.suspended:
            raise TenantIsNotSuspended
        self._reinstated(reason=reason, timestamp=now)

    @event(Reinstated)
    def _reinstated(self, reason: str, timestamp: datetime) -> None:
        self.suspended = False

    def _in_use(self) -> None:
        if self.suspended:
            raise TenantIsSuspended

    def set_security_policy(self, second_factor_roles: frozenset[str], now: datetime) -> None:
        self._in_use()
        if second_factor_roles != self.second_factor_roles:
            self._security_policy_set(second_factor_roles=tuple(sorted(second_factor_roles)), timestamp=now)

    @event(SecurityPolicySet)
    def _security_policy_set(self, second_factor_roles: tuple[str, ...], timestamp: datetime) -> None:
        self.second_factor_roles = frozenset(second_factor_roles)

    def demand_external_sign_in(self, only: ExternalOnly, now: datetime) -> None:
        self._in_use()
        if only != self.external_only:
            self._external_sign_in_demanded(everybody=only.everybody, domains=only.domains, timestamp=now)

    @event(ExternalSignInDemanded)
    def _external_sign_in_demanded(self, everybody: bool, domains: tuple[str, ...], timestamp: datetime) -> None:
        self.external_only = ExternalOnly(everybody, domains)

    def add_owner(self, user_id: UUID, now: datetime) -> None:
        if user_id not in self.owners:
            self._owner_added(user_id=user_id, timestamp=now)

    @event(OwnerAdded)
    def _owner_added(self, user_id: UUID, timestamp: datetime) -> None:
        self.owners = self.owners | {user_id}

    def remove_owner(self, user_id: UUID, now: datetime) -> None:
        if user_id not in self.owners:
            return
        if self.owners == {user_id}:
            raise LastOwner
        self._owner_removed(user_id=user_id, timestamp=now)

    @event(OwnerRemoved)
    def _owner_removed(self, user_id: UUID, timestamp: datetime) -> None:
        self.owners = self.owners - {user_id}
