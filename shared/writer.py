"""The group-commit writer: one task per process gathers waiting saves and appends them in one server call."""

import asyncio
import logging
import os
import signal
from collections import deque
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg
from psycopg.errors import LockNotAvailable, ProgramLimitExceeded, QueryCanceled
from psycopg.types.numeric import Int8BinaryDumper

from shared import telemetry
from shared.database import TIMEOUTS, Connection, UnsafeDatabase, check_server, connect
from shared.hints import Hints
from shared.members import MAX_BYTES, MAX_EVENTS, Member, Result, Unstorable, arrays, states_of
from shared.store_gauges import APPENDS, BATCH, WAITING

MAX_SAVES, MAX_WAITING = 256, 4_096
LANES, CROWD = 2, 16
GIVE_UP, GIVE_UP_AT_STOP = 30.0, 5.0

log = logging.getLogger(__name__)

LASTING = (psycopg.DataError, psycopg.IntegrityError, psycopg.ProgrammingError, ProgramLimitExceeded)
"""Refusals of the database that the same save would meet again."""


class Unavailable(Exception):
    """The store cannot answer now. `unknown`: the save may have been stored; the same key tells."""

    def __init__(self, reason: str, *, unknown: bool = False) -> None:
        super().__init__(reason)
        self.unknown = unknown


def end_process() -> None:
    """As if it had been told to stop: a supervisor starts it again, and then it says what is wrong."""
    os.kill(os.getpid(), signal.SIGTERM)


class Lane:
    """A connection, and one call in flight on it. Autocommit: the log's lock is held only inside the server."""

    def __init__(self, dsn: str, service: str, die: Callable[[], None]) -> None:
        self._dsn = dsn
        self._service = service
        self._die = die
        self._connection: Connection | None = None
        self.stop_by = float("inf")
        """Loop time after which a store that does not answer is given up early."""

    async def open(self) -> None:
        self._connection = await self._connect()

    async def close(self) -> None:
        if self._connection is not None:
            await self._connection.close()

    async def store(self, batch: list[Member], *, sent_before: bool = False) -> None:
        """Answers every member of the batch. A closed connection is an unknown outcome: the identical batch again."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + GIVE_UP
        tries = 0
        while True:
            try:
                if self._connection is None or self._connection.closed:
                    self._connection = await self._connect()
                rows = await self._call(self._connection, batch)
            except UnsafeDatabase as error:
                log.critical("%s", error)
                self._fail(batch, Unavailable("the store is another one now", unknown=True))
                self._die()
                return
            except Exception as error:  # noqa: BLE001 - nobody else would answer those who wait
                if self._connection is not None and not self._connection.closed:
                    await self._store_failed(batch, error, sent_before=sent_before or tries > 0)
                    return
                if loop.time() > min(give_up, self.stop_by):
                    log.error("the store does not answer: giving up")
                    self._fail(batch, Unavailable("the store does not answer", unknown=True))
                    return
                tries += 1
                await asyncio.sleep(min(0.05 * 2**tries, 1.0))
                continue
            for member, row in zip(batch, rows, strict=True):
                if not member.done.done():
                    member.done.set_result(Result(*row))
            return

    async def _store_failed(self, batch: list[Member], error: Exception, *, sent_before: bool) -> None:
        """The connection lives, so the batch surely aborted: its members go one by one, a bad one hurts itself."""
        if isinstance(error, LockNotAvailable | QueryCanceled):
            self._fail(batch, Unavailable("the store is busy", unknown=sent_before))
        elif len(batch) > 1:
            for member in batch:
                await self.store([member], sent_before=sent_before)
        else:
            log.error("an append failed: %s", type(error).__name__)
            reason = f"the append failed: {type(error).__name__}"
            lasting = isinstance(error, LASTING) or not isinstance(error, psycopg.Error)
            self._fail(batch, Unstorable(reason) if lasting else Unavailable(reason, unknown=sent_before))

    @staticmethod
    def _fail(batch: list[Member], error: Exception) -> None:
        for member in batch:
            if not member.done.done():
                member.done.set_exception(error)
                member.done.exception()

    async def _connect(self) -> Connection:
        connection = await connect(self._dsn, search_path=self._service, **TIMEOUTS)
        try:
            await check_server(connection)
        except BaseException:
            await connection.close()
            raise
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        return connection

    async def _call(self, connection: Connection, batch: list[Member]) -> list[Any]:
        with telemetry.batch_span("append", states_of(batch), saves=len(batch)):
            cursor = await connection.execute(APPEND, arrays(batch), prepare=True)
            return await cursor.fetchall()


class Writer:
    """Two lanes: while the server works for one, the other's batch is gathered. What waits is stored in order of
    coming, tenants in turn; what shares something with a batch in flight waits for it."""

    def __init__(self, dsn: str, service: str, *, die: Callable[[], None] | None = None) -> None:
        die = die or end_process
        self._lanes = [Lane(dsn, service, die) for _ in range(LANES)]
        self._name = f"writer-{service}"
        self._hints = Hints(dsn, service)
        self._waiting: dict[UUID, deque[Member]] = {}
        self._count = 0
        self._in_flight: set[object] = set()
        self._idle = LANES
        self._wake = asyncio.Event()
        self._stopping = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        for lane in self._lanes:
            await lane.open()
        self._tasks = [asyncio.create_task(self._run(lane), name=self._name) for lane in self._lanes]
        self._hints.start()
        WAITING.set_function(lambda: self._count)

    async def stop(self) -> None:
        """Takes no new members, stores what waits, closes."""
        self._stopping = True
        for lane in self._lanes:
            lane.stop_by = asyncio.get_running_loop().time() + GIVE_UP_AT_STOP
        self._wake.set()
        await asyncio.gather(*self._tasks)
        await self._hints.stop()
        for lane in self._lanes:
            await lane.close()

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

    async def _run(self, lane: Lane) -> None:
        while self._count or not self._stopping:
            batch, used = self._next_batch()
            if not batch:
                self._wake.clear()
                await self._wake.wait()
                continue
            BATCH.observe(len(batch))
            self._in_flight |= used
            self._idle -= 1
            with APPENDS.time():
                await lane.store(batch)
            self._in_flight -= used
            self._idle += 1
            self._hints.give()
            self._wake.set()
        self._wake.set()

    def _next_batch(self) -> tuple[list[Member], set[object]]:
        """Takes tenants in turn; a member that shares something with the batch, or with the one in flight, waits, and
        its tenant with it. A tenant that was served goes behind those that were not. A crowd is divided, so that
        neither lane stands still."""
        batch: list[Member] = []
        used: set[object] = set()
        events = size = 0
        share = self._count // 2 if self._idle == LANES and self._count >= CROWD else MAX_SAVES
        turn = deque(self._waiting)
        while turn and len(batch) < min(share, MAX_SAVES):
            tenant = turn.popleft()
            queue = self._waiting[tenant]
            member = queue[0]
            shared = member.resources()
            if batch and (events + len(member.events) > MAX_EVENTS or size + member.size > MAX_BYTES):
                break
            if not (used.isdisjoint(shared) and self._in_flight.isdisjoint(shared)):
                continue
            queue.popleft()
            del self._waiting[tenant]
            used.update(shared)
            batch.append(member)
            events += len(member.events)
            size += member.size
            if queue:
                self._waiting[tenant] = queue
                turn.append(tenant)
        self._count -= len(batch)
        return batch, used


APPEND = b"SELECT * FROM append(" + b", ".join([b"%b"] * 28) + b")"
