"""The event store of one service: load, decide, save. Asynchronous, group-committing, in order."""

import asyncio
import functools
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar, cast
from uuid import UUID

import orjson
from opentelemetry import trace

from shared.calls import Call, Claim, Saved
from shared.codec import Codec
from shared.database import Pool
from shared.errors import NotFound
from shared.events import Aggregate
from shared.records import Record
from shared.token import Token
from shared.writer import Member, PendingEvent, PersonalKey, Result, TooLarge, Unavailable, Writer

__all__ = ["Conflict", "EventStore", "KeyReused", "Stale", "Taken", "TooLarge", "Unavailable", "command"]

A = TypeVar("A", bound=Aggregate)
P = ParamSpec("P")

log = logging.getLogger(__name__)
tracer = trace.get_tracer("rollbook.store")


class Conflict(Exception):
    """Somebody else stored an event of this aggregate first. `current` is its version now."""

    def __init__(self, current: int = 0) -> None:
        super().__init__(f"version {current}")
        self.current = current


class Stale(Conflict):
    """The caller named a version (If-Match) that is not the current one."""


class KeyReused(Exception):
    """The idempotency key came with another request before."""


class Taken(Exception):
    """A claim is held by another owner."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


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
    async def turn(self, *ids: UUID) -> AsyncIterator[None]:
        """The commands of this process on these aggregates queue, from load to save. Not to be nested."""
        async with AsyncExitStack() as stack:
            for aggregate_id in sorted(set(ids)):
                await stack.enter_async_context(self._one_turn(aggregate_id))
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
        async with self.turn(aggregate_id):
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
        answer = {
            "ids": [str(aggregate.id) for aggregate in aggregates],
            "versions": [aggregate.version for aggregate in aggregates],
            "behind": {str(event.tenant_id): len(events) - n for n, event in enumerate(events, 1)}
            or {str(call.tenant_id): 0},
            "reply": reply or {},
        }
        if not events and call.key is None and not claims and not releases and not keys:
            return self._saved(answer, self._unchanged(aggregates), replayed=False)
        member = Member(
            tenant_id=call.tenant_id,
            events=events,
            position=self._unchanged(aggregates),
            key=call.key,
            kind=call.kind,
            fingerprint=call.fingerprint,
            reply=orjson.dumps(answer).decode(),
            keep=0 if call.keep is None else int(call.keep.total_seconds()),
            claims=tuple(claims),
            releases=tuple(releases),
            keys=tuple(keys),
        )
        with tracer.start_as_current_span("append"):
            result = await self._writer.append(member)
        return await self._outcome(result, answer, aggregates, call)

    async def _outcome(
        self, result: Result, answer: Mapping[str, Any], aggregates: Sequence[Aggregate], call: Call
    ) -> Saved:
        match result.outcome:
            case "saved":
                return self._saved(answer, result.position, replayed=False)
            case "replayed":
                return await self.replayed(call) or self._saved(answer, result.position, replayed=True)
            case "key-reused":
                raise KeyReused
            case "taken":
                raise Taken(result.detail or "")
        first = await self.find(type(aggregates[0]), aggregates[0].id, call.tenant_id) if aggregates else None
        current = first.version if first is not None else 0
        raise Stale(current) if call.expected_version is not None else Conflict(current)

    @staticmethod
    def _unchanged(aggregates: Sequence[Aggregate]) -> int:
        return max((aggregate.position for aggregate in aggregates), default=0)

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
            raise KeyReused
        return self._saved(answer, position, replayed=True)

    def _saved(self, answer: Mapping[str, Any], position: int, *, replayed: bool) -> Saved:
        entries = {(self.service, UUID(tenant)): position - behind for tenant, behind in answer["behind"].items()}
        return Saved(
            tuple(UUID(text) for text in answer["ids"]),
            tuple(answer["versions"]),
            Token(entries),
            replayed,
            answer["reply"],
        )

    async def read(self, after: int, limit: int = 1000) -> list[Record]:
        """The log from `after`: contiguous, committed, stable. For roles that may see all tenants."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(READ, (after, limit), prepare=True, binary=True)
            return [Record.of_log(row) for row in await cursor.fetchall()]


READ = (
    b"SELECT notification_id, tenant_id, originator_id, originator_version, topic, state, recorded_at"
    b" FROM events WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)


def command(
    function: Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]],
) -> Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]]:
    """A function that loads, decides and saves. A copy of a command that came before gets the first one's answer
    before anything is decided; a conflict with another process is decided again, until the call's deadline."""

    @functools.wraps(function)
    async def run(store: EventStore, call: Call, *args: P.args, **kwargs: P.kwargs) -> Saved:
        saved = await store.replayed(call)
        tries = 0
        while saved is None:
            try:
                saved = await function(store, call, *args, **kwargs)
            except Stale:
                raise
            except Conflict:
                tries += 1
                pause = random.uniform(0, min(0.005 * 2**tries, 0.5))  # noqa: S311
                if call.deadline is not None and asyncio.get_running_loop().time() + pause > call.deadline:
                    raise
                await asyncio.sleep(pause)
        return saved

    return cast(Callable[Concatenate[EventStore, Call, P], Awaitable[Saved]], run)
