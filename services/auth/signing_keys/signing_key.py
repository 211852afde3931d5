"""A signing key: what access tokens are signed with. The private half is never in an event."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class KeyRetired(Refused):
    """A retired key signs nothing again."""


class KeyInUse(Refused):
    """The key that signs now cannot be retired; activate another one first."""


@dataclass(frozen=True)
class PublicJwk:
    """An Ed25519 public key (RFC 8037)."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = "EdDSA"


class SigningKey(Aggregate):
    TOPIC = "auth.signing_key"

    class Created(Aggregate.Created):
        TOPIC = "auth.signing_key_created"

    class Generated(Created):
        TOPIC = "auth.signing_key_generated"
        PUBLIC = True
        number: int
        public_jwk: PublicJwk

    class Activated(Aggregate.Event):
        TOPIC = "auth.signing_key_activated"
        PUBLIC = True

    class Retired(Aggregate.Event):
        TOPIC = "auth.signing_key_retired"
        PUBLIC = True

    @event(Generated)
    def __init__(self, *, id: UUID, tenant_id: UUID, number: int, public_jwk: PublicJwk, timestamp: datetime) -> None:
        self.number = number
        self.public_jwk = public_jwk
        self.activated_at: datetime | None = None
        self.retired = False

    def activate(self, now: datetime) -> None:
        if self.retired:
            raise KeyRetired
        if self.activated_at is None:
            self._activated(timestamp=now)

    @event(Activated)
    def _activated(self, timestamp: datetime) -> None:
        self.activated_at = timestamp

    def retire(self, *, signing: UUID, now: datetime) -> None:
        """`signing` is the key that signs now."""
        if self.retired:
            return
        if signing == self.id:
            raise KeyInUse
        self._retired(timestamp=now)

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True
