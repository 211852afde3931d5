"""W7, PF8: a build from the store beside the live one, against "COPY out + decode" of the same log."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import psycopg
import uvloop
from psycopg import sql

from academic.registers.mark_history import MarkHistory
from academic.schools.summary import Summary
from benchmarks.child import BY_NAME, make_live, role
from benchmarks.copied import copy_and_decode, decode_only
from benchmarks.cpu import tree_seconds
from benchmarks.figures import Figure
from benchmarks.log import GENERATION, Log, academic_log
from benchmarks.run import Cell, Run, ratios
from infra.native.running import Running, running
from shared.builds import builds_of, drop_build, flip, make_build
from shared.database import connect, scalar
from shared.views import View

ROWS = ("PF8", "PF8-aggregating", "PF8-naive", "PF8-seconds")
MILLION = 1_000_000
NAIVE = 300
"""Events of the naive rebuild."""
COUNTED = {MarkHistory: "SELECT count(*) FROM {}.mark_step", Summary: "SELECT sum(marks) FROM {}.summary"}
"""A row of its own for each event, and one row for all events of a school."""


def measure(run: Run) -> Iterator[Figure]:
    with running("postgres") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    async with academic_log(servers) as log:
        marks = await log.fill(run.size.events)
        dsn = log.dsns["superuser"]
        run.note("codec", **decode_only(log.store.codec, dsn))
        rounds = await run.rounds(
            "rebuild",
            {
                "limit": partial(copy_and_decode, dsn),
                "naive": partial(asyncio.to_thread, _naive, dsn),
                "row": partial(_rebuild, log, servers, MarkHistory, marks),
                "aggregating": partial(_rebuild, log, servers, Summary, marks),
            },
        )
        events = await log.head()
    note = f"{events} events"
    row, limit = ("row", "rate"), ("limit", "rate")
    aggregating = ratios(rounds, ("aggregating", "rate"), limit)
    seconds = [MILLION / one["row"]["rate"] for one in rounds]
    whole = Figure("PF8-seconds", "s", 10 * run.factor, None, note=f"1 M events, from {note}", missing=events < MILLION)
    return [
        run.judged(Figure("PF8", "ratio", 0.6, 0.3, more=True, note=note), ratios(rounds, row, limit)),
        run.judged(Figure("PF8-aggregating", "ratio", 0.4, 0.3, more=True, note=note), aggregating),
        run.judged(Figure("PF8-naive", "ratio", 50, None, more=True), ratios(rounds, row, ("naive", "rate"))),
        run.judged(whole, seconds),
    ]


async def _rebuild(log: Log, servers: Running, view: type[View], marks: int) -> Cell:
    """From the moment the worker leads, with the new build already asked for, to the position of the live one."""
    head = await log.head()
    async with await connect(log.dsns["worker"], search_path="academic") as connection:
        if not await builds_of(connection, [view]):
            await make_live(log.admin, connection, view.NAME, "academic", log.environment)
        old = next(build for build in await builds_of(connection, [view]) if build.live)
        new = await make_build(connection, "academic", view, GENERATION)
        server = tree_seconds([servers.pids["postgres"]])
        async with role(log.environment, "read academic", "academic", view.NAME) as worker:
            progress = await worker.reached(connection, BY_NAME, new.schema, head)
            ours, server = worker.cpu, tree_seconds([servers.pids["postgres"]]) - server
        rows = await scalar(log.admin, COUNTED[view].format(new.schema))
        assert rows == marks, f"{view.NAME}: {rows} instead of {marks}"
        began = time.perf_counter()
        await flip(connection, "academic", new)
        flipped = time.perf_counter() - began
        await drop_build(connection, replace(old, live=False))
    return {
        "rate": head / progress.seconds,
        "cpu_us": ours / head * 1e6,
        "server_cpu_us": server / head * 1e6,
        "flip_ms": flipped * 1e3,
    }


def _naive(dsn: str) -> Cell:
    """One row and the position for each event, in a transaction each."""
    table = sql.SQL("public.naive")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE TABLE IF NOT EXISTS {} (id bigint PRIMARY KEY, state bytea)").format(table))
        connection.execute("CREATE TABLE IF NOT EXISTS public.naive_position (position bigint)")
        connection.execute("TRUNCATE public.naive, public.naive_position")
        connection.execute("INSERT INTO public.naive_position VALUES (0)")
        rows = connection.execute(
            "SELECT notification_id, state FROM academic.events ORDER BY 1 LIMIT %s", (NAIVE,)
        ).fetchall()
        began = time.perf_counter()
        for position, state in rows:
            with connection.transaction():
                connection.execute("INSERT INTO public.naive VALUES (%s, %s)", (position, state))
                connection.execute("UPDATE public.naive_position SET position = %s", (position,))
        return {"rate": len(rows) / (time.perf_counter() - began)}
