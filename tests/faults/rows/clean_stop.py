"""G9: SIGTERM loses nothing."""

import asyncio
import time
from signal import SIGKILL, SIGTERM

from tests.faults.arena import Arena
from tests.faults.load import Call, Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet
from tests.faults.town.tallies import SLOW, pause_of
from tests.faults.town.town import Town

RATE = 8.0
GRACE, LIMIT = {"gateway": 2.0, "academic.api": 25.0}, 30.0
"""Seconds in which a process ends what is in flight: the API runs as in production, the gateway does not."""
HANDLERS = 1.0
"""Seconds that a handler takes at most, but for one in 16: four times as long, twice the gateway's grace."""
ARRIVES, ANSWERED = 0.3, 1.2
"""Seconds after which a request that was sent is surely inside the process, and all that is not its handler is done."""
PROCESSES = ("gateway", "academic.api", "academic.worker", "billing.worker")
KINDS = {"stop": PROCESSES, "insist": ("academic.api", "billing.worker")}


async def clean_stop(arena: Arena) -> None:
    """`stop`: it ends by itself. `insist`: it is killed before it has."""
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, after=(1.0, 2.0), lasts=(0.1, 1.0)))
    await rebuilt(town, slow=True)
    stops = Stops(arena, town)
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await stops.one(fault)
                await load.until_done()
        await rebuilt(town, slow=False)
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
        stops.check_flight(load)
    arena.found.add(
        commands=len(load.ledger.intents),
        in_flight=stops.in_flight,
        failed=stops.failed,
        unknown=unknown,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        exit_max_s=max(stops.exits, default=0.0),
    )
    arena.found.wrong += judgement.wrong


async def rebuilt(town: Town, *, slow: bool) -> None:
    """The same processes, with handlers that take their time or do not."""
    worker = {SLOW: str(HANDLERS / 10)}
    environments = {
        "academic.api": {SLOW: str(HANDLERS), "ENVIRONMENT": "production"},
        "academic.worker": worker,
        "billing.worker": worker,
    }
    await asyncio.gather(*[town[name].stop() for name in environments])
    children = [town.add(name, **(given if slow else {})) for name, given in environments.items()]
    await asyncio.gather(*[child.start() for child in children])


class Stops:
    def __init__(self, arena: Arena, town: Town) -> None:
        self.exits: list[float] = []
        self.in_flight = self.failed = 0
        self._arena = arena
        self._town = town
        self._stopped: list[tuple[str, float]] = []
        """What carries requests, and when it was told to stop and was left alone."""

    async def one(self, fault: Fault) -> None:
        child = self._town[fault.targets[0]]
        told = time.monotonic()
        if fault.kind == "insist":
            stopping = asyncio.create_task(child.stop(SIGTERM, within=LIMIT))
            await asyncio.sleep(fault.lasts)
            child.signal(SIGKILL)
            await stopping
        else:
            if child.name in GRACE:
                self._stopped.append((child.name, told))
            status = await child.stop(SIGTERM, within=LIMIT)
            self.exits.append(time.monotonic() - told)
            self._arena.found.must(status == 0, f"{child.name} ended with status {status}")
        await child.start()

    def check_flight(self, load: Load) -> None:
        """Whatever was inside and needed less than the grace was answered."""
        for name, told in self._stopped:
            calls = [call for call in load.calls if was_in_flight(call, told, GRACE[name])]
            failed = [call for call in calls if not 0 < call.status < 500]
            self.in_flight += len(calls)
            self.failed += len(failed)
            self._arena.found.must(not failed, f"{name}: {len(failed)} in flight failed, such as {failed[:1]}")
        self._arena.found.must(not self._stopped or self.in_flight > 0, "nothing was in flight: nothing was shown")


def was_in_flight(call: Call, told: float, grace: float) -> bool:
    """And needed less than the grace, by what its handler takes."""
    if "tag" not in call.intent.body or not call.began + ARRIVES < told < call.began + call.seconds:
        return False
    return call.began + pause_of(call.intent.body["tag"], HANDLERS) + ANSWERED < told + grace
