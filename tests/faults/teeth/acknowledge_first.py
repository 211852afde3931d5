"""T2: a feed in a consumer group that acknowledges first, and goes on at the group's offset, is caught by kills."""

import asyncio

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet
from tests.faults.teeth.worn import worn

RATE = 60.0


async def acknowledge_first(arena: Arena) -> None:
    """Stops at the first kill that shows. Counts behind it carry the feed past what it lost."""
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"kill": ("billing.worker",)}, lasts=(0, 0.1)))
    kills = damage = 0
    async with (
        worn(arena, "T2", "billing.worker") as town,
        arena.load(town, base_url=town.ports.url("academic.api")) as load,
    ):
        await load.open_tallies(each=1)
        for fault in plan.faults:
            kills += 1
            async with load.flowing(RATE):
                await asyncio.sleep(fault.after)
                await town["billing.worker"].kill(fault.lasts)
                await town["billing.worker"].ready()
            for tenant in load.tenants:
                await load.until_answered(load.count(tenant, load.tallies[tenant][0]))
            await load.resolve()
            await quiet(town)
            damage = (await judge(town, load.ledger, topics=False)).lost
            if damage:
                break
    arena.found.add(kills=kills, lost=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {kills} kills")
