"""G17: any view can be rebuilt from the store while it is live: built, verified, flipped, flipped back, dropped."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.builds import BehindLive, Build, builds_of, drop_build, flip, make_build
from shared.codec import Codec
from shared.database import Connection, connect
from shared.positions import load_places
from shared.verifying import checksums, verify
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import ends_of, passed, quiet
from tests.faults.town.history import HISTORY, put_history
from tests.faults.town.tallies import SERVICE, Totals
from tests.faults.town.town import Town

RATE = 20.0
WORKERS = ("academic.worker", "academic.worker.2")
WITHIN = 60.0


async def rebuild(arena: Arena) -> None:
    town = await arena.towns.new("rebuild", "academic.api", *WORKERS, "billing.worker")
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"kill": WORKERS}, after=(0.0, 3.0)))
    await put_history(town)
    rates: list[float] = []
    async with arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        await quiet(town)
        async with load.flowing(RATE), watched(load) as seen:
            for fault in plan.faults:
                async with await connect(
                    town.dsn("academic", "worker"), search_path="academic", statement_timeout="60s"
                ) as connection:
                    rates.append(await one_rebuild(arena, town, connection, fault))
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.stop()
    arena.found.add(
        history=HISTORY,
        events=judgement.events,
        build_events_per_s=min(rates),
        queries=seen["asked"],
        failed=seen["failed"],
        back_in_time=seen["back"],
        lost=judgement.lost,
        duplicated=judgement.duplicated,
    )
    arena.found.wrong += judgement.wrong
    arena.found.must(seen["failed"] == 0, f"queries failed: {dict(seen)}")
    arena.found.must(seen["back"] == 0, f"{seen['back']} answers went back in time")


async def one_rebuild(arena: Arena, town: Town, connection: Connection, fault: Fault) -> float:
    """Events per second of the build, the worker's death included."""
    [old] = [one for one in await builds_of(connection, [Totals]) if one.live]
    new = await make_build(connection, "academic", Totals, 1)
    await refused(arena, connection, new)
    began = time.monotonic()
    await asyncio.sleep(fault.after)
    await asyncio.gather(*[town[target].kill(fault.lasts) for target in fault.targets])
    events = await followed(connection, new)
    rate = events / (time.monotonic() - began)
    await passed(town)
    await agree(arena, town, connection, old, new)
    differences = await verify(connection, "academic", Codec(SERVICE.aggregates), new, 1, town.kafka)
    arena.found.must(not differences, f"{new.schema} is not what the history says: {differences[:3]}")
    await flipped(connection, new)
    await passed(town)
    await flipped(connection, old)
    await town.ready(*WORKERS)
    await passed(town)
    await agree(arena, town, connection, old, new)
    await drop_build(connection, new)
    return rate


async def refused(arena: Arena, connection: Connection, build: Build) -> None:
    """A build that has not caught up would show the past."""
    try:
        await flip(connection, "academic", build)
    except BehindLive:
        return
    arena.found.must(False, f"{build.schema} went live although it was empty")


async def flipped(connection: Connection, build: Build) -> None:
    """Both follow: the one or the other is a batch ahead."""
    async with asyncio.timeout(WITHIN):
        while True:
            try:
                await flip(connection, "academic", build)
            except BehindLive:
                await asyncio.sleep(0.02)
            else:
                return


async def followed(connection: Connection, build: Build) -> int:
    """Waits until the build has come to where the log ended at first; its position then."""
    end = max((await ends_of(connection, "academic")).values())
    async with asyncio.timeout(WITHIN):
        while (position := (await places(connection, build))[build.schema]) < end:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    return position


async def places(connection: Connection, *builds: Build) -> dict[str, int]:
    found = await load_places(connection, "academic", 1, [build.schema for build in builds])
    return {schema: partitions[0].position for schema, partitions in found.items()}


async def agree(arena: Arena, town: Town, connection: Connection, *builds: Build) -> None:
    """Both hold the same rows, as soon as both stand at the same place."""
    async with asyncio.timeout(WITHIN):
        while True:
            async with connection.transaction():
                await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                stand = set((await places(connection, *builds)).values())
                sums = [await checksums(connection, build.schema, Totals.TABLES) for build in builds]
            if len(stand) == 1:
                break
            await asyncio.sleep(0.02)
    arena.found.must(sums[0] == sums[1], f"{builds} differ at {stand}")


@asynccontextmanager
async def watched(load: Load) -> AsyncIterator[Counter[str]]:
    """A client that reads all the time: each query is answered, and no count ever falls."""
    seen: Counter[str] = Counter()
    counts: dict[str, int] = {}

    async def look() -> None:
        tallies = [(tenant, tally) for tenant, all_of in load.tallies.items() for tally in all_of]
        while True:
            for tenant, tally in tallies:
                asked = await load.ask(tenant, f"{load.prefix}/tallies/{tally}")
                seen["asked"] += 1
                if asked.status != 200:
                    seen["failed"] += 1
                    seen[f"{asked.status} {asked.body.get('code')}"] += 1
                    continue
                count = asked.body["data"]["counts"]
                seen["back"] += count < counts.get(str(tally), 0)
                counts[str(tally)] = count
            await asyncio.sleep(0.01)

    await until_live(load)
    task = asyncio.create_task(look())
    try:
        yield seen
    finally:
        failed = task.done()
        task.cancel()
        ended = await asyncio.gather(task, return_exceptions=True)
        assert not failed, ended


async def until_live(load: Load) -> None:
    tenant = load.tenants[0]
    async with asyncio.timeout(WITHIN):
        while (await load.ask(tenant, f"{load.prefix}/tallies/{load.tallies[tenant][0]}")).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
