"""Stores of the toy service, and saves for them, for the tests of the kernel."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.types.numeric import Int8BinaryDumper

from infra.testing.toy import SERVICE, Shelf
from shared.calls import Actor, Call
from shared.codec import Codec
from shared.database import Connection, connect, open_pool
from shared.ids import uuid7
from shared.log_feed import READ
from shared.members import Member, PendingEvent, Result, arrays
from shared.records import Record
from shared.store import EventStore
from shared.writer import APPEND, Writer

NOW = datetime(2026, 9, 1, 17, 0, tzinfo=UTC)
CODEC = Codec(SERVICE.aggregates)


def call_of(tenant_id: UUID, key: str | None = None, **more: Any) -> Call:
    """`key` is what a client chose."""
    call = Call(
        tenant_id=tenant_id,
        actor=Actor("user", "test"),
        now=NOW,
        correlation_id=uuid7(),
        key=None if key is None else sha256(key.encode()).digest(),
        kind="test",
        fingerprint=b"test",
    )
    return replace(call, **more)


def new_shelf(tenant_id: UUID, name: str = "Fiction") -> Shelf:
    return Shelf(id=uuid7(), tenant_id=tenant_id, name=name, owner=None, timestamp=NOW)


def event_of(tenant_id: UUID, aggregate_id: UUID | None = None, version: int = 1, state: bytes = b"{}") -> PendingEvent:
    return PendingEvent(aggregate_id or uuid7(), version, "academic.shelf_broken", state, tenant_id)


def member_of(*events: PendingEvent, tenant_id: UUID | None = None, key: bytes | None = None, **more: Any) -> Member:
    """One save of these events. Needs a running loop."""
    tenant = tenant_id or events[0].tenant_id
    return Member(tenant_id=tenant, events=list(events), position=0, key=key, kind="test", fingerprint=b"f", **more)


async def append(connection: Connection, *members: Member) -> list[Result]:
    """These members in one call of the server function."""
    connection.adapters.register_dumper(int, Int8BinaryDumper)
    cursor = await connection.execute(APPEND, arrays(list(members)))
    return [Result(*row) for row in await cursor.fetchall()]


async def records_of(connection: Connection) -> list[Record]:
    """The whole log."""
    cursor = await connection.execute(READ, (0, 1_000_000), binary=True)
    return [Record.of_log(row) for row in await cursor.fetchall()]


@asynccontextmanager
async def store_on(dsn: str, **of_writer: Any) -> AsyncIterator[EventStore]:
    """A store as a process of its own would have it."""
    async with open_pool(dsn, size=4) as pool:
        writer = Writer(dsn, SERVICE.name, **of_writer)
        await writer.start()
        try:
            yield EventStore(SERVICE.name, pool, writer, CODEC)
        finally:
            await writer.stop()


async def as_worker(dsns: dict[str, str]) -> Connection:
    return await connect(dsns["worker"], search_path=SERVICE.name)


def contiguous(records: Sequence[Record]) -> bool:
    return [record.position for record in records] == list(range(1, len(records) + 1))
