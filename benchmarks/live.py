"""W7, PF9: live builds work off a backlog, from the own store and from Kafka."""

from collections.abc import Iterator
from functools import partial

import uvloop

from academic.registers.mark_history import MarkHistory
from academic.schools.summary import Summary
from benchmarks.child import BY_NAME, OF_RELAY, make_live, role
from benchmarks.figures import Figure
from benchmarks.log import A_REGISTER, Log, academic_log, environment_of
from benchmarks.run import Cell, Run, values
from exports.attendance.attendance import Attendance
from infra.native.running import Running, running
from infra.testing.harness import new_log
from shared.database import Connection, connect
from shared.views import View

ROWS = ("PF9", "PF9-aggregating", "PF9-kafka", "PF9-backlog")
GOAL, MUST = 50_000, 20_000
WHOLE = 100_000
"""The backlog that is to be worked off within 10 s."""


def measure(run: Run) -> Iterator[Figure]:
    with running("servers") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    backlog = min(run.size.events // 5, WHOLE)
    async with (
        academic_log(servers, schools=1) as log,
        new_log(servers.dsn(), "exports") as dsns,
        await connect(dsns["superuser"], search_path="exports") as foreign,
    ):
        told = environment_of(dsns, servers)
        await log.fill(A_REGISTER)
        await _relay_all(log)
        live = await make_live(log.admin, foreign, Attendance.NAME, "academic", told)
        rounds = await run.rounds(
            "live",
            {
                "row": partial(_own, log, MarkHistory, backlog),
                "aggregating": partial(_own, log, Summary, backlog),
                "kafka": partial(_foreign, log, foreign, told, live, backlog),
            },
            min(run.size.rounds, 7),
        )
    note = f"backlog {backlog}"
    goal, must = GOAL / run.factor, MUST / run.factor
    figures = [
        run.judged(Figure(row, "events/s", goal, must, more=True, note=note), values(rounds, cell, "rate"))
        for row, cell in (("PF9", "row"), ("PF9-aggregating", "aggregating"), ("PF9-kafka", "kafka"))
    ]
    slowest = [max(one[cell]["seconds"] for cell in ("row", "kafka")) * WHOLE / backlog for one in rounds]
    last = Figure("PF9-backlog", "s", 10 * run.factor, None, note=note, missing=backlog < WHOLE)
    return [*figures, run.judged(last, slowest)]


async def _own(log: Log, view: type[View], backlog: int) -> Cell:
    async with await connect(log.dsns["worker"], search_path="academic") as connection:
        live = await make_live(log.admin, connection, view.NAME, "academic", log.environment)
        await log.fill(backlog)
        return await _catch_up(log, connection, log.environment, live, "academic", view)


async def _foreign(log: Log, foreign: Connection, told: dict[str, str], live: str, backlog: int) -> Cell:
    await log.fill(backlog)
    await _relay_all(log)
    return await _catch_up(log, foreign, told, live, "exports", Attendance)


async def _relay_all(log: Log) -> None:
    async with role(log.environment, "relay", "academic") as relay:
        await relay.reached(log.admin, OF_RELAY, None, await log.head())


async def _catch_up(
    log: Log, connection: Connection, told: dict[str, str], live: str, service: str, view: type[View]
) -> Cell:
    """A worker that comes back to a live build, and to what was stored since."""
    async with role(told, "read academic", service, view.NAME) as worker:
        progress = await worker.reached(connection, BY_NAME, live, await log.head())
        events = progress.last - progress.start
        return {"rate": progress.pace, "seconds": progress.seconds, "cpu_us": worker.cpu / events * 1e6}
