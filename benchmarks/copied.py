"""The limit of every rebuild: COPY out of the log and decode, on one thread of Python."""

import asyncio
import time

import orjson
import psycopg

from benchmarks.run import Cell
from shared.codec import Codec

COLUMNS = {
    "notification_id": "int8",
    "tenant_id": "uuid",
    "originator_id": "uuid",
    "originator_version": "int8",
    "topic": "text",
    "state": "bytea",
    "recorded_at": "timestamptz",
}
QUERY = f"COPY (SELECT {', '.join(COLUMNS)} FROM academic.events ORDER BY notification_id) TO STDOUT (FORMAT binary)"


async def copy_and_decode(dsn: str) -> Cell:
    """Events a second of the whole log, each state as JSON."""
    return await asyncio.to_thread(_copy, dsn)


def _copy(dsn: str) -> Cell:
    events, decode = 0, orjson.loads
    with psycopg.connect(dsn) as connection, connection.cursor() as cursor:
        began, worked = time.perf_counter(), time.thread_time()
        with cursor.copy(QUERY.encode()) as copy:
            copy.set_types(list(COLUMNS.values()))
            for row in copy.rows():
                decode(row[5])
                events += 1
        seconds, worked = time.perf_counter() - began, time.thread_time() - worked
    return {"rate": events / seconds, "events": events, "cpu_us": worked / events * 1e6}


def decode_only(codec: Codec, dsn: str, limit: int = 20_000) -> Cell:
    """What the product's own decoding costs, for comparison: typed events, one thread, nothing else."""
    with psycopg.connect(dsn) as connection:
        rows = connection.execute(
            "SELECT topic, state, originator_id, originator_version, tenant_id FROM academic.events"
            " ORDER BY notification_id LIMIT %s",
            (limit,),
        ).fetchall()
    began = time.thread_time()
    for row in rows:
        codec.decode(*row)
    return {"cpu_us": (time.thread_time() - began) / len(rows) * 1e6}
