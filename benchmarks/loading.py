"""W11, PF14: loading an aggregate of 10 to 1,000 events, nothing cached."""

import time
from collections.abc import Iterator
from functools import partial
from uuid import UUID

import uvloop

from academic.registers.register import AttendanceRegister
from benchmarks.cpu import tree_seconds
from benchmarks.figures import Figure, slope
from benchmarks.log import Log, academic_log, call_of, register
from benchmarks.run import Cell, Run, values
from infra.native.running import Running, running

ROWS = ("PF14", "PF14-100", "PF14-slope")
SIZES = (10, 30, 100, 300, 1_000)
EVENTS_OF_A_CELL = 60_000
"""Enough for the clock ticks of PostgreSQL's share."""
TYPICAL = 100


def measure(run: Run) -> Iterator[Figure]:
    with running("postgres") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    async with academic_log(servers, schools=1) as log:
        ids: dict[int, UUID] = {}
        for size in SIZES:
            made = register(log.schools[0], size - 1)
            ids[size] = made.id
            await log.store.save(made, call=call_of(log.schools[0]))
        await log.fill(10_000)
        cells = {str(size): partial(_load, log, servers, ids[size], size, run.size.events) for size in SIZES}
        rounds = await run.rounds("loading", cells)
    goal, must = 20 * run.factor, 30 * run.factor
    slopes = [slope(SIZES, [one[str(size)]["cpu_us"] for size in SIZES]) for one in rounds]
    largest, typical = Figure("PF14", "us/event", goal, must), Figure("PF14-100", "us/event", goal, must)
    return [
        run.judged(largest, [cost / SIZES[-1] for cost in values(rounds, str(SIZES[-1]), "cpu_us")]),
        run.judged(typical, [cost / TYPICAL for cost in values(rounds, str(TYPICAL), "cpu_us")]),
        run.judged(Figure("PF14-slope", "slope", 1.0, None, note=f"{SIZES[0]} to {SIZES[-1]} events"), slopes),
    ]


async def _load(log: Log, servers: Running, aggregate_id: UUID, size: int, events: int) -> Cell:
    """CPU of one load, ours and PostgreSQL's."""
    times = max(3, min(events, EVENTS_OF_A_CELL) // size // 2)
    before, began = tree_seconds([servers.pids["postgres"]]), time.process_time()
    for _ in range(times):
        loaded = await log.store.get(AttendanceRegister, aggregate_id, log.schools[0])
        assert loaded.version == size
    ours, server = time.process_time() - began, tree_seconds([servers.pids["postgres"]]) - before
    return {"cpu_us": (ours + server) / times * 1e6, "ours_us": ours / times * 1e6, "server_us": server / times * 1e6}
