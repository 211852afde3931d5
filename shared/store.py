"""The event store of one service: load, decide, save. Asynchronous, group-committing, in order."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, ParamSpec, TypeVar, get_args
from uuid import UUID

import orjson

from shared import telemetry
from shared.calls import Call, Claim, Saved
from shared.codec import Codec
from shared.database import Pool
from shared.errors import NotFound
from shared.events import Aggregate
from shared.members import Member, Outcome, PendingEvent, PersonalKey, Result, TooLarge, Unstorable
from shared.store_gauges import CONFLICTS, REFUSED_CLAIMS, REPEATED, SAVES
from shared.token import Token
from shared.writer import Unavailable, Writer

__all__ = ["Conflict", "EventStore", "KeyReused", "Stale", "Taken", "TooLarge", "Unavailable", "Unstorable"]

A = TypeVar("A", bound=Aggregate)
P = ParamSpec("P")

log = logging.getLogger(__name__)

COUNTED = {outcome: SAVES.labels(outcome) for outcome in get_args(Outcome)}
REPLAYED, REUSED = REPEATED.labels("replayed"), REPEATED.labels("key-reused")


class Conflict(Exception):
    """Somebody else stored an event of this aggregate first. `current` is its version now.

    It is None when no aggregate changed: a personal key came first, or the id is another tenant's."""

    def __init__(self, current: int = 0, aggregate_id: UUID | None = None) -> None:
        super().__init__(f"version {current}")
        self.current = current
        self.aggregate_id = aggregate_id

    def repeats(self, before: Exception | None) -> bool:
        """The same conflict came before and nobody wrote since then: to decide once more does not help."""
        return (
            isinstance(before, Conflict) and self.aggregate_id == before.aggregate_id and self.current == before.current
        )


class Stale(Conflict):
    """The caller named a version (If-Match) that is not the current one."""


class KeyReused(Exception):
    """The idempotency key came with another request before."""


class Taken(Exception):
    """A claim is held by another owner."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Stored(NamedTuple):
    """What an answer needs to know of a save. `behind`: how far before the save's last event each tenant's last is."""

    ids: tuple[UUID, ...]
    versions: tuple[int, ...]
    behind: Mapping[UUID, int]
    reply: Mapping[str, Any]

    def saved(self, service: str, position: int, *, replayed: bool = False) -> Saved:
        entries = {(service, tenant): position - behind for tenant, behind in self.behind.items()}
        return Saved(self.ids, self.versions, Token(entries), replayed, self.reply)

    def dump(self) -> str:
        return orjson.dumps(self._asdict(), option=orjson.OPT_NON_STR_KEYS).decode()

    @classmethod
    def load(cls, row: Mapping[str, Any]) -> "Stored":
        behind = {UUID(tenant): count for tenant, count in row["behind"].items()}
        return cls(tuple(UUID(text) for text in row["ids"]), tuple(row["versions"]), behind, row["reply"])


class EventStore:
    def __init__(self, service: str, pool: Pool, writer: Writer, codec: Codec) -> None:
        self.service = service
        self.codec = codec
        self._pool = pool
        self._writer = writer
        self._turns: dict[UUID, tuple[asyncio.Lock, int]] = {}

    async def find(self, kind: type[A], aggregate_id: UUID, tenant_id: UUID) -> A | None:
        return (await self.get_many(kind, [aggregate_id], tenant_id)).get(aggregate_id)

    async def get(self, kind: type[A], aggregate_id: UUID, tenant_id: UUID) -> A:
        """Raises NotFound for an unknown id and for another tenant's alike."""
        aggregate = await self.find(kind, aggregate_id, tenant_id)
        if aggregate is None:
            raise NotFound
        return aggregate

    async def get_many(self, kind: type[A], ids: Iterable[UUID], tenant_id: UUID) -> dict[UUID, A]:
        """The aggregates that exist, by id."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                b"SELECT * FROM load(%b, %b)", (tenant_id, list(ids)), prepare=True, binary=True
            )
            rows = await cursor.fetchall()
        found: dict[UUID, Aggregate] = {}
        for aggregate_id, version, topic, state, position in rows:
            _, event = self.codec.decode(topic, state, aggregate_id, version, tenant_id)
            aggregate = found[aggregate_id] = event.mutate(found.get(aggregate_id))
            aggregate._position = position
        return {key: aggregate for key, aggregate in found.items() if isinstance(aggregate, kind)}

    @asynccontextmanager
    async def turn(self, call: Call, *ids: UUID) -> AsyncIterator[None]:
        """The commands of this process on these aggregates queue, from load to save. Not to be nested.

        Raises Unavailable at the call's deadline: after a failure, work that nobody waits for any more would go before
        all that comes now."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout_at(call.deadline):
                    for aggregate_id in sorted(set(ids)):
                        await stack.enter_async_context(self._one_turn(aggregate_id))
            except TimeoutError:
                raise Unavailable("too many commands on the same wait before this one") from None
            yield

    @asynccontextmanager
    async def _one_turn(self, aggregate_id: UUID) -> AsyncIterator[None]:
        lock, users = self._turns.get(aggregate_id, (asyncio.Lock(), 0))
        self._turns[aggregate_id] = (lock, users + 1)
        try:
            async with lock:
                yield
        finally:
            lock, users = self._turns[aggregate_id]
            if users == 1:
                del self._turns[aggregate_id]
            else:
                self._turns[aggregate_id] = (lock, users - 1)

    async def change(
        self,
        kind: type[A],
        aggregate_id: UUID,
        decide: Callable[[A], object],
        *,
        call: Call,
        claims: Sequence[Claim] = (),
        releases: Sequence[Claim] = (),
        keys: Sequence[PersonalKey] = (),
    ) -> Saved:
        """Load, decide, save. Raises what `decide` raises, NotFound, Conflict, Stale, Taken, Unavailable."""
        async with self.turn(call, aggregate_id):
            aggregate = await self.get(kind, aggregate_id, call.tenant_id)
            if call.expected_version not in (None, aggregate.version):
                raise Stale(aggregate.version)
            decide(aggregate)
            return await self.save(aggregate, call=call, claims=claims, releases=releases, keys=keys)

    async def save(
        self,
        *aggregates: Aggregate,
        call: Call,
        claims: Sequence[Claim] = (),
        releases: Sequence[Claim] = (),
        keys: Sequence[PersonalKey] = (),
        reply: Mapping[str, Any] | None = None,
    ) -> Saved:
        """Stores the new events of all aggregates, or none. What was refused must be loaded again.

        Raises Conflict (Stale when the call names a version), KeyReused, Taken, Unavailable, TooLarge."""
        events = [
            PendingEvent(
                aggregate.id,
                event.originator_version,
                self.codec.by_class[type(event)].topic,
                self.codec.encode(event, call),
                aggregate.tenant_id,
            )
            for aggregate in aggregates
            for event in aggregate.collect_events()
        ]
        stored = Stored(
            tuple(aggregate.id for aggregate in aggregates),
            tuple(aggregate.version for aggregate in aggregates),
            {event.tenant_id: len(events) - n for n, event in enumerate(events, 1)} or {call.tenant_id: 0},
            reply or {},
        )
        unchanged = max((aggregate.position for aggregate in aggregates), default=0)
        if not events and call.key is None and not claims and not releases and not keys:
            return stored.saved(self.service, unchanged)
        member = Member(
            tenant_id=call.tenant_id,
            events=events,
            position=unchanged,
            key=call.key,
            kind=call.kind,
            fingerprint=call.fingerprint,
            reply="{}" if call.key is None else stored.dump(),
            keep=0 if call.keep is None else int(call.keep.total_seconds()),
            claims=tuple(claims),
            releases=tuple(releases),
            keys=tuple(keys),
        )
        with telemetry.span("save", events=len(events)):
            result = await self._writer.append(member)
        COUNTED[result.outcome].inc()
        if result.outcome == "conflict":
            conflict = await self._conflict(aggregates, events, call)
            CONFLICTS.labels(kind_of(conflict, aggregates)).inc()
            raise conflict
        return await self._outcome(result, stored, call)

    async def _outcome(self, result: Result, stored: "Stored", call: Call) -> Saved:
        match result.outcome:
            case "replayed":
                return await self.replayed(call) or stored.saved(self.service, result.position, replayed=True)
            case "key-reused":
                REUSED.inc()
                raise KeyReused
            case "taken":
                REFUSED_CLAIMS.labels(result.detail or "").inc()
                raise Taken(result.detail or "")
        return stored.saved(self.service, result.position)

    async def _conflict(self, aggregates: Sequence[Aggregate], events: Iterable[PendingEvent], call: Call) -> Conflict:
        """Of the first aggregate that is not what it was when it was loaded; a version that the call names is the
        first one's."""
        changes = Counter(event.aggregate_id for event in events)
        versions: list[int] = []
        for aggregate in aggregates:
            now = await self.find(type(aggregate), aggregate.id, aggregate.tenant_id)
            versions.append(now.version if now is not None else 0)
            if len(versions) == 1 and call.expected_version not in (None, versions[0]):
                return Stale(versions[0], aggregate.id)
            if versions[-1] != aggregate.version - changes[aggregate.id]:
                return Conflict(versions[-1], aggregate.id)
        return Conflict(next(iter(versions), 0))

    async def owners(self, tenant_id: UUID, claims: Sequence[Claim]) -> dict[tuple[str, str], UUID]:
        """Who holds these keys now, by kind and key. For what a refusal tells; only a save decides."""
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("SELECT set_config('rollbook.tenant', %s, true)", (str(tenant_id),))
            cursor = await connection.execute(
                OWNERS, ([claim.kind for claim in claims], [claim.key for claim in claims], tenant_id)
            )
            return {(kind, key): owner for kind, key, owner in await cursor.fetchall()}

    async def replayed(self, call: Call) -> Saved | None:
        """What the same command left behind when it came before. Raises KeyReused."""
        if call.key is None:
            return None
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                b"SELECT * FROM saved_reply(%b, %b)", (call.tenant_id, call.key), prepare=True
            )
            row = await cursor.fetchone()
        if row is None:
            return None
        fingerprint, position, answer = row
        if fingerprint != call.fingerprint:
            REUSED.inc()
            raise KeyReused
        REPLAYED.inc()
        return Stored.load(answer).saved(self.service, position, replayed=True)


def kind_of(conflict: Conflict, aggregates: Sequence[Aggregate]) -> str:
    """The kind of the aggregate that had changed."""
    found = (aggregate for aggregate in aggregates if aggregate.id == conflict.aggregate_id)
    return next((aggregate.TOPIC for aggregate in found), "none")


OWNERS = """
    SELECT c.kind, c.key, c.owner FROM unnest(%s::text[], %s::text[]) w(kind, key)
    JOIN claims c ON c.tenant_id = %s AND c.kind = w.kind AND c.key = w.key
"""
