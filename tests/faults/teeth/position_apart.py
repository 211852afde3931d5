"""T3: a position that is saved in another transaction than the rows is caught by kills of the followers."""

import asyncio

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet
from tests.faults.teeth.worn import worn

RATE = 80.0
FOLLOWERS = ("academic.worker", "billing.worker")


async def position_apart(arena: Arena) -> None:
    """Stops at the first kill that shows."""
    plan = arena.plan(
        drawn(arena.draws("plan"), arena.trials, {"kill": FOLLOWERS}, after=(0, 0.3), lasts=(0, 0.1), together={1: 2})
    )
    kills = damage = 0
    async with worn(arena, "T3", *FOLLOWERS) as town, arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        for fault in plan.faults:
            kills += 1
            async with load.flowing(RATE):
                await many_done(load)
                await asyncio.sleep(fault.after)
                await asyncio.gather(*[town[target].kill(fault.lasts) for target in fault.targets])
            await quiet(town)
            damage = (await judge(town, load.ledger, topics=False)).duplicated
            if damage:
                break
    arena.found.add(kills=kills, duplicated=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {kills} kills")


async def many_done(load: Load, count: int = 30) -> None:
    """Followers that have nothing to do are killed in vain."""
    before = len(load.late)
    while len(load.late) < before + count:  # noqa: ASYNC110 - the load goes on meanwhile
        await asyncio.sleep(0.01)
