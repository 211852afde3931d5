"""G7: one relay publishes for a service; one that was frozen or cut off can do no harm when it comes back."""

import asyncio
import time
from signal import SIGCONT, SIGSTOP

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.orders import orders_in
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet, reading
from tests.faults.town.leaders import RELAY, Leader, leader_of, relay_held
from tests.faults.town.town import Town

RATE = 20.0
TAKEOVER_WITHIN = 10.0
AGAIN = 1.0
KINDS = {"freeze": ("academic",), "freeze after sending": ("academic",), "cut": ("academic",)}


async def two_relays(arena: Arena) -> None:
    town = await arena.towns.shared()
    await town.add("academic.worker.3").start()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(7.0, 9.0)))
    takeovers: list[float] = []
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                takeovers.append(await taken_over(town, fault))
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.remove("academic.worker.3")
    orders = await orders_in(town, load.ledger.tenants)
    arena.found.add(
        events=judgement.events,
        takeover_max_s=max(takeovers),
        copies=orders.copies,
        ahead=orders.ahead,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        order_breaks=len(orders.breaks),
    )
    arena.found.wrong += judgement.wrong + orders.breaks
    arena.found.must(max(takeovers) <= TAKEOVER_WITHIN, f"the relay was away for {max(takeovers):.1f} s")


async def taken_over(town: Town, fault: Fault) -> float:
    """Seconds from the fault until another one leads; a frozen leader is thawed beside the new one."""
    leader = await leader_of(town, "academic", RELAY)
    began = time.monotonic()
    if fault.kind == "freeze":
        leader.child.signal(SIGSTOP)
    elif fault.kind == "freeze after sending":
        async with relay_held(town, "academic"):
            leader = await leader_of(town, "academic", RELAY)
            began = time.monotonic()
            leader.child.signal(SIGSTOP)
    else:
        await cut(town, leader)
    await leader_of(town, "academic", RELAY, after=leader.backend)
    took = time.monotonic() - began
    if fault.kind != "cut":
        await asyncio.sleep(max(AGAIN, fault.lasts - took))
        leader.child.signal(SIGCONT)
        await leader.child.ready()
    return took


async def cut(town: Town, leader: Leader) -> None:
    async with reading(town) as connection:
        await connection.execute("SELECT pg_terminate_backend(%s)", (leader.backend,))
