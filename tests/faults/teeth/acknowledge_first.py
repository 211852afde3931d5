"""T2: a feed in a consumer group that acknowledges first, and goes on at the group's offset, is caught by kills."""

import asyncio

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet
from tests.faults.teeth.worn import worn

RATE = 60.0
IN_A_ROW = 3
"""After the first kill the feed has a backlog to work on, in which the others meet it."""


async def acknowledge_first(arena: Arena) -> None:
    """Stops at the first row of kills that shows. Counts behind them carry the feed past what it lost."""
    kills = {"kill": ("billing.worker",)}
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, kills, after=(0.3, 1.3), lasts=(0, 0.1)))
    done = damage = 0
    async with (
        worn(arena, "T2", "billing.worker") as town,
        arena.load(town, base_url=town.ports.url("academic.api")) as load,
    ):
        await load.open_tallies(each=1)
        while not damage and done < len(plan.faults):
            async with load.flowing(RATE):
                for fault in plan.faults[done : done + IN_A_ROW]:
                    await asyncio.sleep(fault.after)
                    await town["billing.worker"].kill(fault.lasts)
                    await town["billing.worker"].ready()
                    done += 1
            await load.resolve()
            for tenant in load.tenants:
                await load.until_answered(load.count(tenant, load.tallies[tenant][0]))
            await quiet(town)
            damage = (await judge(town, load.ledger, topics=False)).lost
    arena.found.add(kills=done, lost=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {done} kills")
