"""T4: a feed that applies every record, without comparing positions, is caught by redelivery."""

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import passed, quiet
from tests.faults.teeth.worn import worn
from tests.faults.town.redelivery import redeliver

COUNTS = 20


async def no_positions(arena: Arena) -> None:
    """Stops at the first redelivery that shows."""
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"redeliver": ("academic", "billing")}))
    deliveries = damage = 0
    followers = ("academic.worker", "billing.worker")
    async with worn(arena, "T4", *followers) as town, arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies(each=1)
        for fault in plan.faults:
            deliveries += 1
            for _ in range(COUNTS):
                await load.until_done()
            await passed(town)
            await redeliver(town, fault.targets[0], arena.draws("order", deliveries))
            for tenant in load.tenants:
                await load.until_answered(load.count(tenant, load.tallies[tenant][0]))
            await quiet(town)
            damage = (await judge(town, load.ledger, topics=False)).duplicated
            if damage:
                break
    arena.found.add(redeliveries=deliveries, duplicated=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {deliveries} redeliveries")
