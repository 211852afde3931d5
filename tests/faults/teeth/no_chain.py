"""T6: feeds that apply whatever is newer, without the chain, and relays that flush: caught by records that a broker
takes although the one before is missing, in the simulator and in a real topic."""

import asyncio
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.rows.order import written
from tests.faults.simulator.simulate import simulate
from tests.faults.stores import quiet
from tests.faults.teeth.simulated import SIMULATED
from tests.faults.teeth.worn import worn

RATE = 30.0
WORKERS = ("academic.worker", "billing.worker")
SIMULATED_RUNS, SCHEDULES = 10, 100


async def no_chain(arena: Arena) -> None:
    """`trials` are faults of the broker."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:
        runs, violations = await asyncio.get_running_loop().run_in_executor(pool, in_the_simulator, arena.run_key)
    faults, damage = await at_the_broker(arena)
    arena.found.add(
        simulated_runs=runs,
        violations=violations,
        broker_faults=faults,
        lost=damage,
        caught=int(violations > 0) * int(damage > 0),
    )
    arena.found.must(violations > 0, f"not caught within {runs} simulated runs of {SCHEDULES} schedules")
    arena.found.must(damage > 0, f"not caught within {faults} faults of the broker")


def in_the_simulator(run_key: int) -> tuple[int, int]:
    """Stops after the first run that shows: how many there were, and its violations. In a process of its own."""
    with SIMULATED["T6"]():
        for run in range(SIMULATED_RUNS):
            if violations := simulate(run_key, SCHEDULES, first=run * SCHEDULES).violations:
                return run + 1, len(violations)
    return SIMULATED_RUNS, 0


async def at_the_broker(arena: Arena) -> tuple[int, int]:
    """Stops at the first fault that shows: how many there were, and what was lost."""
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"ahead": ("academic",), "copies": ("academic",)}))
    async with worn(arena, "T6", *WORKERS) as town, arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies(each=1)
        for number, fault in enumerate(plan.faults, 1):
            async with load.flowing(RATE):
                await written(arena, town, fault, number)
            await load.resolve()
            await quiet(town)
            if damage := (await judge(town, load.ledger, topics=False)).lost:
                return number, damage
    return len(plan.faults), 0
