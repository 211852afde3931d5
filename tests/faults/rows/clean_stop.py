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
GRACE, LIMIT = 2.0, 30.0
"""Seconds: outside production a process ends what is in flight for so long."""
HANDLERS = 1.0
ARRIVES = 0.3
"""Seconds after which a request that was sent is surely inside the process."""
PROCESSES = ("gateway", "academic.api", "academic.worker", "billing.worker")
KINDS = {"stop": PROCESSES, "insist": PROCESSES}


async def clean_stop(arena: Arena) -> None:
    """`stop`: it ends by itself. `insist`: it is killed before it has."""
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(0.1, 1.0)))
    slow = {"academic.api": HANDLERS, "academic.worker": HANDLERS / 10, "billing.worker": HANDLERS / 10}
    await rebuilt(town, slow)
    stops = Stops(arena, town)
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await stops.one(fault)
                await load.until_done()
        await rebuilt(town, dict.fromkeys(slow, 0.0))
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


async def rebuilt(town: Town, slow: dict[str, float]) -> None:
    """The same processes with handlers that take so long."""
    await asyncio.gather(*[town[name].stop() for name in slow])
    children = [town.add(name, **({SLOW: str(longest)} if longest else {})) for name, longest in slow.items()]
    await asyncio.gather(*[child.start() for child in children])


class Stops:
    def __init__(self, arena: Arena, town: Town) -> None:
        self.exits: list[float] = []
        self.in_flight = self.failed = 0
        self._arena = arena
        self._town = town
        self._stopped: list[float] = []
        """When something that carries requests was told to stop, and was left alone."""

    async def one(self, fault: Fault) -> None:
        child = self._town[fault.targets[0]]
        told = time.monotonic()
        if fault.kind == "insist":
            stopping = asyncio.create_task(child.stop(SIGTERM, within=LIMIT))
            await asyncio.sleep(fault.lasts)
            child.signal(SIGKILL)
            await stopping
        else:
            if not child.name.endswith("worker"):
                self._stopped.append(told)
            status = await child.stop(SIGTERM, within=LIMIT)
            self.exits.append(time.monotonic() - told)
            self._arena.found.must(status == 0, f"{child.name} ended with status {status}")
        await child.start()

    def check_flight(self, load: Load) -> None:
        """Whatever was inside and needed less than the grace was answered."""
        for told in self._stopped:
            calls = [call for call in load.calls if was_in_flight(call, told)]
            failed = [call for call in calls if not 0 < call.status < 500]
            self.in_flight += len(calls)
            self.failed += len(failed)
            self._arena.found.must(not failed, f"{len(failed)} requests in flight failed, such as {failed[:1]}")


def was_in_flight(call: Call, told: float) -> bool:
    pause = pause_of(call.intent.body.get("tag", "fff"), HANDLERS)
    return call.began + ARRIVES < told < call.began + call.seconds and call.began + pause + 2 * ARRIVES < told + GRACE
