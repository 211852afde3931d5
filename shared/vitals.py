"""The role that measures the store every few seconds: what Kafka lacks, and what holds back the database's cleanup."""

import asyncio
from math import nan
from typing import NamedTuple

from shared.database import Connection, Pool
from shared.gauges import HEAD, OF_VITALS, OLDEST_TRANSACTION, OLDEST_UNPUBLISHED, RELAYED, SNAPSHOTS, UNPUBLISHED
from shared.pulse import beat

EVERY = 5.0


class Vitals(NamedTuple):
    """`waits`: for how many seconds the oldest event has waited that Kafka has not acknowledged."""

    head: int
    relayed: int
    waits: float
    snapshots: int
    oldest: float


async def measure(connection: Connection, generation: int) -> Vitals:
    cursor = await connection.execute(MEASURE, (generation,), prepare=True)
    row = await cursor.fetchone()
    assert row is not None  # noqa: S101
    return Vitals(*row)


async def keep_measuring(pool: Pool, generation: int) -> None:
    """Endless, whatever the relay does: it may be the one that stands still. Ends with figures that say nothing."""
    try:
        while True:
            beat()
            async with pool.connection() as connection:
                tell(await measure(connection, generation))
            await asyncio.sleep(EVERY)
    finally:
        for gauge in OF_VITALS:
            gauge.set(nan)


def tell(vitals: Vitals) -> None:
    HEAD.set(vitals.head)
    RELAYED.set(vitals.relayed)
    UNPUBLISHED.set(max(vitals.head - vitals.relayed, 0))
    OLDEST_UNPUBLISHED.set(vitals.waits)
    OLDEST_TRANSACTION.set(vitals.oldest)
    SNAPSHOTS.set(vitals.snapshots)


MEASURE = b"""
SELECT log_head(), r.position, coalesce(greatest(extract(epoch FROM clock_timestamp() - (
           SELECT recorded_at FROM events WHERE notification_id > r.position ORDER BY notification_id LIMIT 1
       ))::float8, 0), 0), t.count, t.oldest
FROM (SELECT coalesce(max(position), 0) AS position FROM relay WHERE generation = %s) r, open_transactions() t
"""
