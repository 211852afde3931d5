"""G2: no crash of any of our processes loses an event or counts it twice in a view."""

import asyncio
import time

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet

RATE = 30.0
TARGETS = (
    "gateway",
    "academic.api",
    "academic.worker",
    "academic.worker.2",
    "billing.api",
    "billing.worker",
    "postgres",
    "kafka",
)


async def any_kill(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"kill": TARGETS}, together={10: 2, 50: 8}))
    recovered = [0.0]
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                began = time.monotonic()
                await asyncio.gather(*[town[target].kill(fault.lasts) for target in fault.targets])
                await town.ready(*fault.targets)
                await load.until_done()
                recovered.append(time.monotonic() - began)
        unknown = await load.resolve()
        caught_up = await quiet(town)
        judgement = await judge(town, load.ledger)
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        events=judgement.events,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        recovered_max_s=max(recovered),
        views_caught_up_s=caught_up,
    )
    arena.found.wrong += judgement.wrong
    arena.found.must(caught_up <= 30, f"the views needed {caught_up:.1f} s")
