"""Many events at once that nobody waits for: a backlog for the relay, of a tenant that no client knows."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from shared.calls import Actor, Call
from shared.codec import Codec
from shared.database import open_pool
from shared.ids import uuid7
from shared.store import EventStore
from shared.writer import Writer
from tests.faults.stores import reading
from tests.faults.town.tallies import SERVICE, Settlement
from tests.faults.town.town import Town

AT_ONCE = 1_000


@dataclass
class Drain:
    """What the relay sent once it was back, and how long that took it."""

    events: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0


async def store_backlog(town: Town, events: int) -> None:
    dsn = town.dsn("academic", "worker")
    writer = Writer(dsn, "academic")
    await writer.start()
    try:
        async with open_pool(dsn) as pool:
            store = EventStore("academic", pool, writer, Codec(SERVICE.aggregates))
            for first in range(0, events, AT_ONCE):
                await _save(store, min(AT_ONCE, events - first))
    finally:
        await writer.stop()


async def _save(store: EventStore, events: int) -> None:
    tenant, now = uuid7(), datetime.now(UTC)
    call = Call(tenant_id=tenant, actor=Actor("system", "backlog"), now=now, correlation_id=uuid7())
    settlements = [Settlement(id=uuid7(), tenant_id=tenant, tag=str(n), timestamp=now) for n in range(events)]
    await store.save(*settlements, call=call)


async def drained(town: Town, service: str, within: float = 60.0) -> Drain:
    """From the first page that the relay notes until it has come to what is the end now."""
    drain = Drain()
    async with reading(town) as connection:
        start, head = await _positions(connection, service)
        began = time.monotonic()
        async with asyncio.timeout(within):
            position, first = start, start
            while position < head:
                position, _ = await _positions(connection, service)
                if first == start:
                    first, began = position, time.monotonic()
                await asyncio.sleep(0.005)
        drain.events, drain.seconds = position - first, time.monotonic() - began
    return drain


async def _positions(connection: psycopg.AsyncConnection, service: str) -> tuple[int, int]:
    """Of the relay, and of the log's end."""
    cursor = await connection.execute(
        sql.SQL("SELECT r.position, (SELECT max(notification_id) FROM {service}.events) FROM {service}.relay r").format(
            service=sql.Identifier(service)
        )
    )
    row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]
