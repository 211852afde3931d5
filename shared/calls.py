"""What surrounds a command: who calls, for which tenant, when, under which key; and what comes back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from shared.token import Token


@dataclass(frozen=True)
class Actor:
    """`id` is a user, a service account, or the name of a reaction or rule."""

    kind: Literal["user", "service_account", "system"]
    id: str
    role: str = ""
    login: str | None = None

    def as_meta(self) -> dict[str, str]:
        values = {"kind": self.kind, "id": self.id, "role": self.role, "login": self.login or ""}
        return {name: value for name, value in values.items() if value}


@dataclass(frozen=True, kw_only=True)
class Call:
    """One command's surroundings.

    `key` is the hash of the idempotency key, `keep` how long it is kept (None: for ever);
    `deadline` is loop time in seconds (None: never give up on a conflict with others)."""

    tenant_id: UUID
    actor: Actor
    now: datetime
    correlation_id: UUID
    causation_id: UUID | None = None
    on_behalf_of: str | None = None
    key: bytes | None = None
    kind: str = ""
    fingerprint: bytes = b""
    keep: timedelta | None = None
    expected_version: int | None = None
    deadline: float | None = None
    traceparent: str | None = None

    def step(self, name: str) -> "Call":
        """The same call for a further save of the same command: its key is derived from the first one's."""
        key = None if self.key is None else hashlib.sha256(self.key + b"\x1f" + name.encode()).digest()
        return replace(self, key=key, expected_version=None)

    def for_tenant(self, tenant_id: UUID) -> "Call":
        return replace(self, tenant_id=tenant_id)


@dataclass(frozen=True)
class Claim:
    """A unique key, taken or released in the append of its effect."""

    tenant_id: UUID
    kind: str
    key: str
    owner: UUID


@dataclass(frozen=True)
class Saved:
    """What a command left behind: the ids and versions of its aggregates, and where a reader finds it."""

    ids: tuple[UUID, ...]
    versions: tuple[int, ...]
    token: Token
    replayed: bool = False
    reply: Mapping[str, Any] = field(default_factory=dict)

    @property
    def id(self) -> UUID:
        return self.ids[0]

    @property
    def version(self) -> int:
        return self.versions[0]
