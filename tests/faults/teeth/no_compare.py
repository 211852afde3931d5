"""T11: a position that is written without comparing it is caught by followers that are paused in turns."""

import asyncio
from signal import SIGCONT, SIGSTOP

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet
from tests.faults.teeth.worn import worn

RATE = 60.0
FOLLOWERS = ("academic.worker", "academic.worker.2")


async def no_compare(arena: Arena) -> None:
    """One of two followers is always paused, as if it had lost its lock while it slept. Stops at what shows first."""
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"pause": FOLLOWERS}, lasts=(0.3, 0.8)))
    pauses = damage = 0
    async with (
        worn(arena, "T11", *FOLLOWERS, "leaderless") as town,
        arena.load(town, base_url=town.ports.url("academic.api")) as load,
    ):
        await load.open_tallies()
        town[FOLLOWERS[1]].signal(SIGSTOP)
        for fault in plan.faults:
            pauses += 1
            async with load.flowing(RATE):
                await asyncio.sleep(fault.lasts)
                awake, asleep = FOLLOWERS if pauses % 2 else reversed(FOLLOWERS)
                town[awake].signal(SIGSTOP)
                town[asleep].signal(SIGCONT)
                await asyncio.sleep(fault.lasts)
            await quiet(town)
            damage = (await judge(town, load.ledger, topics=False)).duplicated
            if damage:
                break
    arena.found.add(pauses=pauses, duplicated=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {pauses} pauses")
