"""The event log and the server function `append`, as the migration has them: one lock, so one call after the other."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson

STAMP = datetime(2026, 9, 1, 17, 0, tzinfo=UTC)


class Event(NamedTuple):
    position: int
    tenant_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    state: bytes
    recorded_at: datetime


class Command(NamedTuple):
    fingerprint: bytes
    position: int
    reply: str


class Log:
    def __init__(self) -> None:
        self.events: list[Event] = []
        self.streams: dict[UUID, list[Event]] = {}
        self.commands: dict[tuple[UUID, bytes], Command] = {}
        self.on_stored: Callable[[Event], None] = lambda _: None

    def store(self, tenant_id: UUID, aggregate_id: UUID, version: int, topic: str, state: bytes) -> int:
        event = Event(len(self.events) + 1, tenant_id, aggregate_id, version, topic, state, STAMP)
        self.events.append(event)
        self.streams.setdefault(aggregate_id, []).append(event)
        self.on_stored(event)
        return event.position

    def find(self, aggregate_id: UUID, version: int) -> Event | None:
        stream = self.streams.get(aggregate_id, ())
        return stream[version - 1] if len(stream) >= version else None

    def load(self, tenant_id: UUID, aggregates: list[UUID]) -> list[tuple[Any, ...]]:
        return [
            (one.aggregate_id, one.version, one.topic, one.state, one.position)
            for aggregate_id in aggregates
            for one in self.streams.get(aggregate_id, ())
            if one.tenant_id == tenant_id
        ]

    def saved_reply(self, tenant_id: UUID, key: bytes) -> list[tuple[Any, ...]]:
        found = self.commands.get((tenant_id, key))
        return [] if found is None else [(found.fingerprint, found.position, orjson.loads(found.reply))]

    def append(self, arrays: list[Any]) -> list[tuple[str, int, str | None]]:
        """Raises NotImplementedError for what no simulated save has: claims, releases and personal keys."""
        tenants, keys, _, fingerprints, places, replies, _ = arrays[:7]
        if any(column is not None for column in arrays[13:]):
            raise NotImplementedError("claims and keys")
        members: list[list[tuple[UUID, int, str, bytes, UUID]]] = [[] for _ in tenants]
        for member, *event in zip(*arrays[7:13], strict=True) if arrays[7] else ():
            members[member - 1].append(tuple(event))
        # Outcomes come from what was stored before the call: no two members share a key or an aggregate.
        outcomes = [
            self._judge(
                tenant, None if keys is None else keys[n], fingerprints and fingerprints[n], places[n], members[n]
            )
            for n, tenant in enumerate(tenants)
        ]
        for n, (outcome, _, _) in enumerate(outcomes):
            if outcome != "saved":
                continue
            place = places[n]
            for aggregate_id, version, topic, state, tenant_id in members[n]:
                place = self.store(tenant_id, aggregate_id, version, topic, state)
            outcomes[n] = ("saved", place, None)
            if keys is not None and keys[n] is not None:
                self.commands[tenants[n], keys[n]] = Command(fingerprints[n], place, replies[n])
        return outcomes

    def _judge(
        self, tenant_id: UUID, key: bytes | None, fingerprint: bytes, place: int, events: list[Any]
    ) -> tuple[str, int, str | None]:
        known = None if key is None else self.commands.get((tenant_id, key))
        if known is not None:
            return ("replayed" if known.fingerprint == fingerprint else "key-reused", known.position, None)
        clashes = [self.find(event[0], event[1]) for event in events]
        if any(clashes):
            if all(
                x is not None and x.state == e[3] and x.tenant_id == e[4] for x, e in zip(clashes, events, strict=True)
            ):
                return ("replayed", max(x.position for x in clashes if x is not None), None)
            return ("conflict", place, None)
        before: Any = None
        for event in events:
            follows = before is not None and before[0] == event[0] and before[1] == event[1] - 1
            found = self.find(event[0], event[1] - 1) if event[1] > 1 else None
            if event[1] > 1 and not follows and (found is None or found.tenant_id != event[4]):
                return ("conflict", place, None)
            before = event
        return ("saved", place, None)
