"""G14: a cut network never forks the truth."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from infra.native.ports import HOST
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet
from tests.faults.town.own_network import dropped, half_open, own_network, why_not
from tests.faults.town.town import Town
from tests.faults.town.wires import FAULTS, Wire, wired

RATE = 8.0
NOTICED, LONGEST = 15.0, 11.0
WIRES = ("api-postgres", "worker-postgres", "workers-kafka", "gateway-api")


async def cut_network(arena: Arena) -> None:
    """The half-open connections come last and once, where packets can be dropped."""
    reason = why_not()
    kinds = FAULTS if reason else (*FAULTS, "drop")
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, dict.fromkeys(kinds, WIRES), lasts=(1.0, 4.0)))
    async with AsyncExitStack() as stack:
        if not reason:
            await stack.enter_async_context(own_network())
        town, wires = await stack.enter_async_context(wired_town(arena))
        load = await stack.enter_async_context(arena.load(town))
        recovered = [0.0]
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await one(fault, wires[fault.targets[0]])
                recovered.append(await load.until_done())
        noticed = 0.0 if reason else await notices(arena, town, wires, load)
        unknown = await load.resolve()
        caught_up = await quiet(town)
        judgement = await judge(town, load.ledger)
    left = sum(1 for _ in load.ledger.with_outcome("unknown"))
    longest = max(call.seconds for call in load.calls)
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        unresolved=left,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        recovered_max_s=max(recovered),
        longest_request_s=longest,
        views_caught_up_s=caught_up,
        half_open_noticed_s=noticed,
        packets=f"skipped, {reason}" if reason else "dropped",
    )
    arena.found.must(left == 0, f"{left} outcomes stayed unknown")
    arena.found.must(max(recovered) <= NOTICED, f"a healed network was used only after {max(recovered):.1f} s")
    arena.found.must(longest <= LONGEST, f"a request took {longest:.1f} s")
    arena.found.must(noticed <= NOTICED, f"half-open connections were noticed only after {noticed:.1f} s")
    arena.found.wrong += judgement.wrong


@asynccontextmanager
async def wired_town(arena: Arena) -> AsyncIterator[tuple[Town, dict[str, Wire]]]:
    """A town whose API, one worker, all readers of Kafka and the gateway reach the next one over a wire."""
    town = arena.towns.made("wired")
    ports = town.ports
    targets = dict(
        zip(WIRES, (ports["postgres"], ports["postgres"], ports["kafka.wired"], ports["academic.api"]), strict=True)
    )
    async with wired(targets, {"workers-kafka": ports["kafka.wire"]}, arena.draws("wires")) as wires:
        try:
            await town.start("billing.api")
            kafka = f"{HOST}:{wires['workers-kafka'].port}"
            own = wires["worker-postgres"].dsn(town.dsn("academic", "worker"))
            children = [
                town.add("academic.api", API_DSN=wires["api-postgres"].dsn(town.dsn("academic", "api"))),
                town.add("academic.worker", WORKER_DSN=own, KAFKA=kafka),
                town.add("academic.worker.2", KAFKA=kafka),
                town.add("billing.worker", KAFKA=kafka),
                town.add("gateway", ACADEMIC_URL=f"http://{HOST}:{wires['gateway-api'].port}"),
            ]
            await asyncio.gather(*[child.start() for child in children])
            yield town, wires
        finally:
            await town.stop()


async def one(fault: Fault, wire: Wire) -> None:
    if fault.kind == "drop":
        async with dropped(wire.port):
            await asyncio.sleep(fault.lasts)
        return
    await wire.suffer(fault.kind)
    await asyncio.sleep(fault.lasts)
    await wire.heal()


async def notices(arena: Arena, town: Town, wires: dict[str, Wire], load: Load) -> float:
    """The connections of the API and of a worker to PostgreSQL fall silent without a word. Seconds until commands are
    done at their full rate; then every reader comes to the end of its source."""
    async with half_open(*[wires[name].port for name in WIRES[:2]]) as silenced:
        arena.found.add(half_open=silenced)
        arena.found.must(silenced > 0, "there were no connections to PostgreSQL")
        began = time.monotonic()
        await load.until_steady(RATE)
        commands = time.monotonic() - began
        await load.resolve()
        await quiet(town)
        readers = time.monotonic() - began
    arena.found.add(readers_noticed_s=readers)
    return commands
