"""Part of G13: what must stop a service or a reader, is visible, and ends with an operator's word."""

import asyncio
from contextlib import suppress

import aiohttp

from tests.faults.arena import Arena
from tests.faults.stores import live_build, reading
from tests.faults.town.metrics import metric
from tests.faults.town.operator import rollbook
from tests.faults.town.town import Town

WORKER = "academic.worker"
WITHIN = 30.0


async def refuse_another_server(arena: Arena, town: Town) -> None:
    """The log says that it was written elsewhere: the worker does not start until an operator keeps the history."""
    async with reading(town) as connection:
        await connection.execute("UPDATE academic.event_log SET system_identifier = '7'")
    await town[WORKER].kill()
    died = len(town[WORKER].exits)
    async with asyncio.timeout(WITHIN):
        while len(town[WORKER].exits) == died:  # noqa: ASYNC110 - it is to end by itself
            await asyncio.sleep(0.02)
    arena.found.must(town[WORKER].exits[-1] != 0, "the worker ended as if all was well")
    _, shown = await rollbook(town, "generation", "show", "academic")
    arena.found.must("7" in shown and "keep" in shown, f"the operator is told {shown}")
    _, kept = await rollbook(town, "generation", "keep", "academic")
    arena.found.must("goes on" in kept, kept)
    await town.ready(WORKER)


async def stop_before_a_shorter_log(arena: Arena, town: Town) -> None:
    """A reader stands ahead of its log, as after a restore: it stops, says so, and does not move back."""
    async with reading(town) as connection:
        build = await live_build(connection, "academic", "totals")
        change = "UPDATE academic.positions SET position = position + %s WHERE consumer = %s RETURNING position"
        [(ahead,)] = await (await connection.execute(change, (1_000_000, build))).fetchall()
        await town[WORKER].kill()
        await town.ready(WORKER)
        async with asyncio.timeout(WITHIN):
            while not await failures(town, "StoreBehind"):  # noqa: ASYNC110 - only its metric says so
                await asyncio.sleep(0.05)
        [(before,)] = await (await connection.execute(change, (-1_000_000, build))).fetchall()
    arena.found.must(before == ahead - 1_000_000, f"a reader moved from {ahead} to {before + 1_000_000}")


async def failures(town: Town, error: str) -> float:
    with suppress(aiohttp.ClientError):
        return await metric(town, WORKER, "rollbook_role_failures_total", error=error)
    return 0.0
