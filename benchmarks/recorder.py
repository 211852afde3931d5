"""PF2: the store's append against the recorder of the eventsourcing library, as it comes and with its functions."""

import asyncio
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import uvloop
from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.conninfo import conninfo_to_dict

from benchmarks.append import CALLERS, append
from benchmarks.figures import Figure
from benchmarks.log import academic_log
from benchmarks.run import Cell, Run, ratios, values
from infra.native.running import Running, running
from infra.testing.toy import SERVICE
from shared.ids import uuid7

ROWS = ("PF2", "PF2-emmett", "PF2-single")
EMMETT = 2_200
"""Appends a second of the Node event store Emmett on the calibration machine, in another run."""
STATE = b"{" + b" " * 238 + b"}"


def measure(run: Run) -> Iterator[Figure]:
    with running("postgres") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    seconds = run.size.seconds
    async with academic_log(servers, service=SERVICE) as log:
        store = log.store
        stock, quick = _recorder(log.dsns["superuser"], "stock"), _recorder(log.dsns["superuser"], "quick")
        await append(store, 0.5, keyed=False)
        rounds = await run.rounds(
            "recorder",
            {
                "many": partial(append, store, seconds, keyed=False),
                "one": partial(append, store, seconds, keyed=False, callers=1),
                "stock": partial(asyncio.to_thread, _record, stock, seconds, CALLERS),
                "quick": partial(asyncio.to_thread, _record, quick, seconds, 1),
            },
        )
        for recorder in (stock, quick):
            recorder.datastore.close()
    bar = EMMETT / run.factor
    emmett = [rate / bar for rate in values(rounds, "many", "rate")]
    single = ratios(rounds, ("one", "rate"), ("quick", "rate"))
    note = f"{CALLERS} callers each"
    return [
        run.judged(
            Figure("PF2", "ratio", 15, 8, more=True, note=note), ratios(rounds, ("many", "rate"), ("stock", "rate"))
        ),
        run.judged(Figure("PF2-emmett", "ratio", 10, 5, more=True, note="calibration, other run"), emmett),
        run.judged(Figure("PF2-single", "ratio", 1.0, None, more=True, note="1 caller, with functions"), single),
    ]


def _recorder(dsn: str, table: str) -> PostgresApplicationRecorder:
    """`quick` is the one that inserts by a function in the database."""
    parts = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    datastore = PostgresDatastore(
        parts["dbname"],
        *(parts["host"], parts["port"], parts["user"], parts["password"]),
        pool_size=CALLERS,
        schema="public",
        enable_db_functions=table == "quick",
    )
    recorder = PostgresApplicationRecorder(datastore, events_table_name=table)
    recorder.create_table()
    return recorder


def _record(recorder: PostgresApplicationRecorder, seconds: float, callers: int) -> Cell:
    began = time.perf_counter()

    def caller(_: int) -> int:
        stored = 0
        while time.perf_counter() < began + seconds:
            recorder.insert_events([StoredEvent(uuid7(), 1, "academic.shelf_put_up", STATE)])
            stored += 1
        return stored

    with ThreadPoolExecutor(callers) as threads:
        stored = sum(threads.map(caller, range(callers)))
    return {"rate": stored / (time.perf_counter() - began)}
