"""The group-commit writer: one task per process gathers waiting saves and appends them in one server call."""

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple
from uuid import UUID

import psycopg
from opentelemetry import trace
from psycopg.errors import LockNotAvailable, QueryCanceled
from psycopg.types.numeric import Int8BinaryDumper

from shared.calls import Claim
from shared.database import TIMEOUTS, Connection, connect
from shared.gauges import APPENDS, BATCH, WAITING

MAX_SAVES, MAX_EVENTS, MAX_BYTES, MAX_WAITING = 256, 2_000, 4_000_000, 4_096
NOTIFY_EVERY = 0.01
GIVE_UP = 30.0

log = logging.getLogger(__name__)
tracer = trace.get_tracer("rollbook.store")

Outcome = Literal["saved", "replayed", "key-reused", "conflict", "taken"]


class Unavailable(Exception):
    """The store cannot answer now. `unknown`: the save may have been stored; the same key tells."""

    def __init__(self, reason: str, *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.unknown = unknown


class TooLarge(Exception):
    """A save above the limits: 2,000 events, 4 MB, 256 KB an event."""


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
        if any(len(event.state) > 262_144 for event in self.events):
            raise TooLarge("an event above 256 KB")

    def resources(self) -> list[object]:
        """What no two members of one batch may share."""
        shared: list[object] = [event.aggregate_id for event in self.events]
        if self.key is not None:
            shared.append((self.tenant_id, self.key))
        shared += [(claim.tenant_id, claim.kind, claim.key) for claim in (*self.claims, *self.releases)]
        shared += [(key.tenant_id, key.person_id) for key in self.keys]
        return shared


class Writer:
    """Appends in order, one call in flight, autocommit: the log's lock is held only inside the server."""

    def __init__(self, dsn: str, service: str, *, die: Callable[[], None] | None = None) -> None:
        self._dsn = dsn
        self._service = service
        self._hint = f"NOTIFY rollbook_{service}".encode()
        self._waiting: dict[UUID, deque[Member]] = {}
        self._count = 0
        self._wake = asyncio.Event()
        self._stopping = False
        self._connection: Connection | None = None
        self._stored = asyncio.Event()
        self._notifier: asyncio.Task[None] | None = None
        self._die = die or (lambda: os.kill(os.getpid(), signal.SIGTERM))
        self._task: asyncio.Task[None] | None = None
        self.batches = 0

    async def start(self) -> None:
        self._connection = await self._connect()
        self._task = asyncio.create_task(self._run(), name=f"writer-{self._service}")
        self._notifier = asyncio.create_task(self._notify(), name=f"notifier-{self._service}")

    async def stop(self) -> None:
        """Takes no new members, stores what waits, closes."""
        self._stopping = True
        self._wake.set()
        if self._task is not None:
            await self._task
        if self._notifier is not None:
            self._notifier.cancel()
        if self._connection is not None:
            await self._connection.close()

    @property
    def waiting(self) -> int:
        return self._count

    async def append(self, member: Member) -> Result:
        """Raises Unavailable. A cancelled caller does not cancel the save."""
        if self._stopping or self._count >= MAX_WAITING:
            raise Unavailable("the writer is stopping" if self._stopping else "too many saves wait")
        self._waiting.setdefault(member.tenant_id, deque()).append(member)
        self._count += 1
        self._wake.set()
        return await member.done

    async def _run(self) -> None:
        while self._count or not self._stopping:
            if not self._count:
                self._wake.clear()
                if not self._stopping:
                    await self._wake.wait()
                continue
            batch = self._next_batch()
            WAITING.set(self._count)
            BATCH.observe(len(batch))
            with APPENDS.time():
                await self._store(batch)
            self.batches += 1
            self._stored.set()

    def _next_batch(self) -> list[Member]:
        """Takes tenants in turn; a member that shares something with the batch waits, and its tenant with it."""
        batch: list[Member] = []
        used: set[object] = set()
        events = size = 0
        turn = deque(self._waiting)
        while turn and len(batch) < MAX_SAVES:
            tenant = turn.popleft()
            queue = self._waiting[tenant]
            member = queue[0]
            shared = member.resources()
            if batch and (events + len(member.events) > MAX_EVENTS or size + member.size > MAX_BYTES):
                break
            if not used.isdisjoint(shared):
                continue
            queue.popleft()
            used.update(shared)
            batch.append(member)
            events += len(member.events)
            size += member.size
            if queue:
                turn.append(tenant)
            else:
                del self._waiting[tenant]
        self._count -= len(batch)
        return batch

    async def _store(self, batch: list[Member]) -> None:
        """Answers every member of the batch. A closed connection is an unknown outcome: the identical batch again."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + GIVE_UP
        tries = 0
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await self._connect()
                rows = await self._call(self._connection, batch)
            except psycopg.Error as error:
                if self._connection is not None and not self._connection.closed:
                    await self._store_failed(batch, error, sent_before=tries > 0)
                    return
                if loop.time() > give_up:
                    log.error("the store did not answer for %s s: restarting", GIVE_UP)
                    self._fail(batch, Unavailable("the store does not answer", unknown=True))
                    self._die()
                    return
                tries += 1
                await asyncio.sleep(min(0.05 * 2**tries, 1.0))
                continue
            for member, row in zip(batch, rows, strict=True):
                if not member.done.done():
                    member.done.set_result(Result(*row))
            return

    async def _store_failed(self, batch: list[Member], error: psycopg.Error, *, sent_before: bool) -> None:
        """The connection lives, so the batch surely aborted: its members go one by one, a bad one hurts itself."""
        if isinstance(error, LockNotAvailable | QueryCanceled):
            self._fail(batch, Unavailable("the store is busy", unknown=sent_before))
        elif len(batch) == 1:
            log.error("an append failed: %s", type(error).__name__)
            self._fail(batch, Unavailable(f"the append failed: {type(error).__name__}", unknown=sent_before))
        else:
            for member in batch:
                await self._store([member])

    @staticmethod
    def _fail(batch: list[Member], error: Exception) -> None:
        for member in batch:
            if not member.done.done():
                member.done.set_exception(error)
                member.done.exception()

    async def _connect(self) -> Connection:
        connection = await connect(self._dsn, search_path=self._service, **TIMEOUTS)
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        return connection

    async def _call(self, connection: Connection, batch: list[Member]) -> list[Any]:
        with tracer.start_as_current_span("append", attributes={"batch": len(batch)}):
            cursor = await connection.execute(APPEND, arrays(batch), prepare=True)
            return await cursor.fetchall()

    async def _notify(self) -> None:
        """Hints for readers: after the commit, at most one in 10 ms. A lost one costs only latency."""
        connection: Connection | None = None
        while True:
            await self._stored.wait()
            self._stored.clear()
            try:
                if connection is None or connection.closed:
                    connection = await self._connect()
                await connection.execute(self._hint)
            except psycopg.Error:
                log.debug("a notification was lost")
            await asyncio.sleep(NOTIFY_EVERY)


APPEND = b"SELECT * FROM append(" + b", ".join([b"%b"] * 28) + b")"


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


def columns(rows: Sequence[tuple[Any, ...]], width: int) -> list[list[Any] | None]:
    return [list(column) for column in zip(*rows, strict=True)] if rows else [None] * width
