"""A service account: a program that works for one school, and the keys that it shows instead of a password."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from shared.errors import Forbidden, NotFound, Refused
from shared.events import Aggregate, event

MOST_KEYS = 10


class ScopeAboveOwn(Forbidden):
    """Nobody gives a key a scope that they do not hold themselves."""


class AccountRetired(Refused):
    """This service account is retired: make another one."""


class TooManyKeys(Refused):
    """A service account has at most 10 keys that work: revoke one first."""


class KeyEnded(Refused):
    """This key has expired or was revoked: issue another one."""


class ExpiryPast(Refused):
    """A key expires in the future."""


@dataclass(frozen=True)
class ApiKey:
    scopes: tuple[str, ...]
    expires_at: datetime

    def works(self, now: datetime) -> bool:
        return now < self.expires_at


class ServiceAccount(Aggregate):
    """The secrets of its keys are in no event: their hashes are rows."""

    TOPIC = "auth.service_account"

    class Created(Aggregate.Created):
        TOPIC = "auth.service_account_begun"

    class AccountCreated(Created):
        TOPIC = "auth.service_account_created"
        PUBLIC = True
        name: str

    class ApiKeyIssued(Aggregate.Event):
        TOPIC = "auth.api_key_issued"
        key_id: UUID
        prefix: str
        scopes: tuple[str, ...]
        expires_at: datetime

    class ApiKeyRotated(Aggregate.Event):
        TOPIC = "auth.api_key_rotated"
        key_id: UUID
        old_key_id: UUID
        old_expires_at: datetime
        prefix: str
        expires_at: datetime

    class ApiKeyRevoked(Aggregate.Event):
        TOPIC = "auth.api_key_revoked"
        PUBLIC = True
        key_id: UUID

    class KeyScopesSet(Aggregate.Event):
        TOPIC = "auth.key_scopes_set"
        PUBLIC = True
        key_id: UUID
        scopes: tuple[str, ...]

    class Retired(Aggregate.Event):
        TOPIC = "auth.service_account_retired"
        PUBLIC = True

    @event(AccountCreated)
    def __init__(self, *, id: UUID, tenant_id: UUID, name: str, timestamp: datetime) -> None:
        self.name = name
        self.keys: dict[UUID, ApiKey] = {}
        self.retired = False

    def key(self, key_id: UUID, now: datetime) -> ApiKey | None:
        """One that works now."""
        found = self.keys.get(key_id)
        return found if found is not None and found.works(now) and not self.retired else None

    def issue_key(
        self,
        key_id: UUID,
        prefix: str,
        scopes: frozenset[str],
        *,
        held: frozenset[str],
        expires_at: datetime,
        now: datetime,
    ) -> None:
        """`held`: the permissions of whoever issues it."""
        self._guard(now)
        guard_scopes(scopes, held)
        guard_expiry(expires_at, now)
        self._key_issued(
            key_id=key_id, prefix=prefix, scopes=tuple(sorted(scopes)), expires_at=expires_at, timestamp=now
        )

    @event(ApiKeyIssued)
    def _key_issued(
        self, key_id: UUID, prefix: str, scopes: tuple[str, ...], expires_at: datetime, timestamp: datetime
    ) -> None:
        self.keys = {**self.keys, key_id: ApiKey(scopes, expires_at)}

    def rotate_key(
        self,
        old_key_id: UUID,
        key_id: UUID,
        prefix: str,
        *,
        held: frozenset[str],
        overlap: timedelta,
        expires_at: datetime,
        now: datetime,
    ) -> None:
        """A new key with the scopes of the old one, which works for the length of the overlap, but never longer than
        it would have."""
        self._guard(now)
        old = self._working(old_key_id, now)
        guard_scopes(frozenset(old.scopes), held)
        guard_expiry(expires_at, now)
        self._key_rotated(
            key_id=key_id,
            old_key_id=old_key_id,
            old_expires_at=min(old.expires_at, now + overlap),
            prefix=prefix,
            expires_at=expires_at,
            timestamp=now,
        )

    @event(ApiKeyRotated)
    def _key_rotated(
        self,
        key_id: UUID,
        old_key_id: UUID,
        old_expires_at: datetime,
        prefix: str,
        expires_at: datetime,
        timestamp: datetime,
    ) -> None:
        old = self.keys[old_key_id]
        self.keys = {
            **self.keys,
            old_key_id: replace(old, expires_at=old_expires_at),
            key_id: ApiKey(old.scopes, expires_at),
        }

    def set_scopes(self, key_id: UUID, scopes: frozenset[str], *, held: frozenset[str], now: datetime) -> None:
        """Tokens that were issued before keep what they hold until they expire."""
        key = self._working(key_id, now)
        guard_scopes(scopes, held)
        if tuple(sorted(scopes)) != key.scopes:
            self._scopes_set(key_id=key_id, scopes=tuple(sorted(scopes)), timestamp=now)

    @event(KeyScopesSet)
    def _scopes_set(self, key_id: UUID, scopes: tuple[str, ...], timestamp: datetime) -> None:
        self.keys = {**self.keys, key_id: replace(self.keys[key_id], scopes=scopes)}

    def revoke_key(self, key_id: UUID, now: datetime) -> None:
        if key_id not in self.keys:
            raise NotFound
        if self.keys[key_id].works(now):
            self._key_revoked(key_id=key_id, timestamp=now)

    @event(ApiKeyRevoked)
    def _key_revoked(self, key_id: UUID, timestamp: datetime) -> None:
        self.keys = {**self.keys, key_id: replace(self.keys[key_id], expires_at=timestamp)}

    def retire(self, now: datetime) -> None:
        """None of its keys works any more."""
        if not self.retired:
            self._retired(timestamp=now)

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True

    def _guard(self, now: datetime) -> None:
        if self.retired:
            raise AccountRetired
        if sum(key.works(now) for key in self.keys.values()) >= MOST_KEYS:
            raise TooManyKeys

    def _working(self, key_id: UUID, now: datetime) -> ApiKey:
        """Raises NotFound for an unknown key, KeyEnded for one that works no more."""
        if key_id not in self.keys:
            raise NotFound
        key = self.key(key_id, now)
        if key is None:
            raise KeyEnded
        return key


def guard_scopes(scopes: frozenset[str], held: frozenset[str]) -> None:
    if not scopes <= held:
        raise ScopeAboveOwn(pointer="/scopes")


def guard_expiry(expires_at: datetime, now: datetime) -> None:
    if expires_at <= now:
        raise ExpiryPast(pointer="/expires_at")
