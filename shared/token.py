"""Consistency tokens: how far a reader must have come to see a client's own writes. Opaque to clients."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

import orjson


@dataclass(frozen=True)
class Token:
    """(service, tenant) → position of that tenant's last event of the command."""

    entries: Mapping[tuple[str, UUID], int] = field(default_factory=dict)

    def encode(self) -> str:
        rows = sorted([service, tenant.hex, position] for (service, tenant), position in self.entries.items())
        return urlsafe_b64encode(orjson.dumps(rows)).rstrip(b"=").decode()

    @classmethod
    def decode(cls, text: str) -> "Token":
        """Raises ValueError for anything that this class did not encode."""
        try:
            rows = orjson.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            entries = {(str(service), UUID(hex=tenant)): position for service, tenant, position in rows}
        except (binascii.Error, orjson.JSONDecodeError, TypeError, AttributeError, ValueError) as error:
            raise ValueError("malformed consistency token") from error
        token = cls(entries)
        if any(type(position) is not int or not 0 <= position < 2**63 for position in entries.values()):
            raise ValueError("malformed consistency token")
        if token.encode() != text:
            raise ValueError("malformed consistency token")
        return token

    def merge(self, other: "Token") -> "Token":
        merged = dict(self.entries)
        for key, position in other.entries.items():
            merged[key] = max(position, merged.get(key, 0))
        return Token(merged)

    def position(self, service: str, tenant_id: UUID) -> int:
        return self.entries.get((service, tenant_id), 0)
