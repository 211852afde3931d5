"""G3: events of one tenant reach every consumer in the order they were stored, whoever leads and whatever is written
into the topics."""

import asyncio
from collections import Counter
from signal import SIGCONT, SIGSTOP

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.orders import orders_in
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet
from tests.faults.town.broker import write_ahead
from tests.faults.town.leaders import RELAY, feed_of, leader_of, relay_held
from tests.faults.town.redelivery import redeliver
from tests.faults.town.town import Town

RATE = 20.0
LEADERS = ("academic relay", "billing feed")
KINDS = {
    "ahead": ("academic", "billing"),
    "copies": ("academic", "billing"),
    "kill": LEADERS,
    "stop": LEADERS,
    "freeze": LEADERS,
}


async def order(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, after=(0.2, 0.8)))
    done: Counter[str] = Counter()
    await town.add("billing.worker.2").start()
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for number, fault in enumerate(plan.faults):
                await asyncio.sleep(fault.after)
                if fault.kind in ("ahead", "copies"):
                    done["written"] += await written(arena, town, fault, number)
                else:
                    await change_leader(town, fault)
                    done["changes"] += 1
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.remove("billing.worker.2")
    orders = await orders_in(town, load.ledger.tenants)
    arena.found.add(
        events=judgement.events,
        leader_changes=done["changes"],
        written=done["written"],
        copies=orders.copies,
        ahead=orders.ahead,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        order_breaks=len(orders.breaks),
    )
    arena.found.wrong += judgement.wrong + orders.breaks
    writes = any(fault.kind in ("ahead", "copies") for fault in plan.faults)
    arena.found.must(not writes or orders.copies + orders.ahead > 0, "nothing strange came into the topics")


async def written(arena: Arena, town: Town, fault: Fault, number: int) -> int:
    """Records that do not belong where they are."""
    [service] = fault.targets
    if fault.kind == "copies":
        return await redeliver(town, service, arena.draws("copies", number))
    async with relay_held(town, service):
        return await write_ahead(town, service)


async def change_leader(town: Town, fault: Fault) -> None:
    service, _, role = fault.targets[0].partition(" ")
    lock = RELAY if role == "relay" else feed_of("billing", "academic")
    leader = await leader_of(town, service, lock)
    if fault.kind == "freeze":
        leader.child.signal(SIGSTOP)
    elif fault.kind == "kill":
        await leader.child.kill(fault.lasts)
    else:
        await leader.child.stop()
    await leader_of(town, service, lock, after=leader.backend)
    if fault.kind == "freeze":
        leader.child.signal(SIGCONT)
    if fault.kind == "stop":
        await leader.child.start()
    await leader.child.ready()
