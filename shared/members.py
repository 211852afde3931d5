"""One save on its way into the store: its limits, what it may not share, and the arrays of a batch."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

from shared.calls import Claim

MAX_EVENTS, MAX_BYTES, MAX_EVENT_BYTES, MAX_CLAIM = 2_000, 4_000_000, 262_144, 1_000
NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")

Outcome = Literal["saved", "replayed", "key-reused", "conflict", "taken"]


class TooLarge(Exception):
    """A save above the limits: 2,000 events, 4 MB, 256 KB an event, 1,000 characters a claim."""


class Unstorable(Exception):
    """The store will never take this save: a NUL character, or what the database refuses. Trying again is no use."""


class PendingEvent(NamedTuple):
    aggregate_id: UUID
    version: int
    topic: str
    state: bytes
    tenant_id: UUID


class PersonalKey(NamedTuple):
    """A person's key, wrapped by the tenant's; `wrapped` None is the erased marker."""

    tenant_id: UUID
    person_id: UUID
    version: int
    wrapped: bytes | None


class Result(NamedTuple):
    outcome: Outcome
    position: int
    detail: str | None


@dataclass(eq=False)
class Member:
    """One save in the queue. Its bytes are made once: a re-send is identical."""

    tenant_id: UUID
    events: list[PendingEvent]
    position: int
    key: bytes | None = None
    kind: str = ""
    fingerprint: bytes = b""
    reply: str = "{}"
    keep: int = 0
    claims: tuple[Claim, ...] = ()
    releases: tuple[Claim, ...] = ()
    keys: tuple[PersonalKey, ...] = ()
    size: int = 0
    done: asyncio.Future[Result] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def __post_init__(self) -> None:
        self.size = sum(len(event.state) for event in self.events)
        if len(self.events) > MAX_EVENTS or self.size > MAX_BYTES:
            raise TooLarge(f"a save of {len(self.events)} events and {self.size} bytes")
        if any(len(event.state) > MAX_EVENT_BYTES for event in self.events):
            raise TooLarge("an event above 256 KB")
        claims = [claim.kind + claim.key for claim in (*self.claims, *self.releases)]
        if any(len(claim) > MAX_CLAIM for claim in claims):
            raise TooLarge("a claim above 1,000 characters")
        if any("\0" in claim for claim in claims) or any(holds_nul(event.state) for event in self.events):
            raise Unstorable("a NUL character")

    def resources(self) -> list[object]:
        """What no two members of one batch may share."""
        shared: list[object] = [event.aggregate_id for event in self.events]
        if self.key is not None:
            shared.append((self.tenant_id, self.key))
        shared += [(claim.tenant_id, claim.kind, claim.key) for claim in (*self.claims, *self.releases)]
        shared += [(key.tenant_id, key.person_id) for key in self.keys]
        return shared


def holds_nul(state: bytes) -> bool:
    """An escaped NUL of JSON, and not a backslash before `u0000`."""
    return b"\\u0000" in state and NUL.search(state) is not None


def arrays(batch: list[Member]) -> list[list[Any] | None]:
    """The parallel arrays of the server function; what no member has is None, so that the server skips it."""
    events = [(n, *event) for n, member in enumerate(batch, 1) for event in member.events]
    claims = [(n, claim) for n, member in enumerate(batch, 1) for claim in member.claims]
    releases = [(n, claim) for n, member in enumerate(batch, 1) for claim in member.releases]
    keys = [(n, *key[:3], key.wrapped or b"") for n, member in enumerate(batch, 1) for key in member.keys]
    keyed = [(m.key, m.kind, m.fingerprint, m.position, m.reply, m.keep) for m in batch]
    key, kind, fingerprint, position, reply, keep = columns(keyed, 6)
    if not any(member.key is not None for member in batch):
        key = kind = fingerprint = reply = keep = None
    return [
        [member.tenant_id for member in batch],
        *(key, kind, fingerprint, position, reply, keep),
        *columns(events, 6),
        *columns([(n, c.tenant_id, c.kind, c.key, c.owner) for n, c in claims], 5),
        *columns([(n, c.tenant_id, c.kind, c.key, c.owner) for n, c in releases], 5),
        *columns(keys, 5),
    ]


def states_of(batch: list[Member]) -> Iterator[bytes]:
    """An event of each member."""
    return (member.events[0].state for member in batch if member.events)


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any] | None]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [None] * width
