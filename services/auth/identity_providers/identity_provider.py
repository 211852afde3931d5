"""An identity provider: another system, chosen by a school, that says who somebody is (OpenID Connect)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class ProviderIsOver(Refused):
    """This provider was removed: configure a new one."""


@dataclass(frozen=True)
class ClaimNames:
    """What the provider calls the claims that are read from its ID tokens."""

    email: str = "email"
    email_verified: str = "email_verified"
    given_name: str = "given_name"
    family_name: str = "family_name"
    groups: str = "groups"


@dataclass(frozen=True)
class GroupRole:
    """Who is in this group of the provider has this role of the school."""

    group: str
    role: str


@dataclass(frozen=True)
class ProviderSettings:
    """`domains`: of the e-mail addresses that the provider is trusted for, no others. `second_factors`: values of `amr`
    and `acr` that count as a second factor; without one of them our own second step applies. `hours`: how long a
    sign-in lasts before the provider is asked again."""

    title: str
    client_id: str
    domains: tuple[str, ...]
    scopes: tuple[str, ...] = ("openid", "email", "profile")
    claims: ClaimNames = field(default_factory=ClaimNames)
    group_roles: tuple[GroupRole, ...] = ()
    default_roles: tuple[str, ...] = ()
    creates_members: bool = False
    roles_follow_groups: bool = False
    second_factors: tuple[str, ...] = ()
    hours: int = 12

    @property
    def managed(self) -> frozenset[str]:
        """The roles that groups decide about."""
        return frozenset(each.role for each in self.group_roles)

    def roles_of(self, groups: Iterable[str]) -> tuple[str, ...]:
        found = frozenset(groups)
        given = [each.role for each in self.group_roles if each.group in found]
        return tuple(dict.fromkeys([*self.default_roles, *given]))

    def trusted_for(self, email: str) -> bool:
        return email.rpartition("@")[2].casefold() in self.domains


class IdentityProvider(Aggregate):
    """`issuer` stays for ever: another issuer is another provider. The client secret is a row, sealed, never an
    event; `secret_id` names the one that counts."""

    TOPIC = "auth.identity_provider"

    class Created(Aggregate.Created):
        TOPIC = "auth.identity_provider_created"

    class Configured(Created):
        TOPIC = "auth.identity_provider_configured"
        issuer: str
        secret_id: UUID
        settings: ProviderSettings

    class SettingsChanged(Aggregate.Event):
        """All settings, as they are from now on."""

        TOPIC = "auth.identity_provider_settings_changed"
        settings: ProviderSettings

    class SecretRotated(Aggregate.Event):
        TOPIC = "auth.identity_provider_secret_rotated"
        secret_id: UUID

    class Removed(Aggregate.Event):
        TOPIC = "auth.identity_provider_removed"

    @event(Configured)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        issuer: str,
        secret_id: UUID,
        settings: ProviderSettings,
        timestamp: datetime,
    ) -> None:
        self.issuer = issuer
        self.secret_id = secret_id
        self.settings = settings
        self.over = False

    def change_settings(self, settings: ProviderSettings, now: datetime) -> None:
        self._in_use()
        if settings != self.settings:
            self._settings_changed(settings=settings, timestamp=now)

    @event(SettingsChanged)
    def _settings_changed(self, settings: ProviderSettings, timestamp: datetime) -> None:
        self.settings = settings

    def rotate_secret(self, secret_id: UUID, now: datetime) -> None:
        self._in_use()
        self._secret_rotated(secret_id=secret_id, timestamp=now)

    @event(SecretRotated)
    def _secret_rotated(self, secret_id: UUID, timestamp: datetime) -> None:
        self.secret_id = secret_id

    def remove(self, now: datetime) -> None:
        if not self.over:
            self._removed(timestamp=now)

    @event(Removed)
    def _removed(self, timestamp: datetime) -> None:
        self.over = True

    def _in_use(self) -> None:
        if self.over:
            raise ProviderIsOver
