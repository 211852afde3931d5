"""T10: a feed that knows records by their offset is caught when the topic is made anew, where offsets begin again."""

import asyncio
import time

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.stores import consumers_of, quiet, reading
from tests.faults.teeth.worn import worn
from tests.faults.town.backlog import drained
from tests.faults.town.redelivery import make_topic_anew, redeliver
from tests.faults.town.town import Town

COUNTS = 20
STILL = 5.0


async def by_offset(arena: Arena) -> None:
    """Copies, which a whole build drops, make the old offsets run ahead of those that the new topic will have. In the
    end a whole build finds there all that the broken one left out; what that one applied twice stays."""
    runs = damage = 0
    town = await arena.towns.spoilt()
    async with arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies(each=1)
        while not damage and runs < arena.trials:
            runs += 1
            await counted(load)
            await quiet(town)
            await redeliver(town, "academic", arena.draws("order", runs))
            await counted(load)
            await quiet(town)
            async with worn(arena, "T10", "billing.worker"):
                await offsets_begin_again(town, load)
                damage = (await judge(town, load.ledger, topics=False)).lost
            await quiet(town)
            left = await judge(town, load.ledger)
            arena.found.must(left.lost == 0, f"a whole build does not find what was left out: {left.wrong[:3]}")
    arena.found.add(runs=runs, lost=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {runs} runs")


async def offsets_begin_again(town: Town, load: Load) -> None:
    await counted(load)
    await quiet(town)
    await make_topic_anew(town, "academic")
    await counted(load)
    await drained(town, "academic")
    await stand_still(town)


async def counted(load: Load) -> None:
    for _ in range(COUNTS):
        await load.until_done()
    await load.resolve()


async def stand_still(town: Town) -> None:
    """Until no consumer has moved for a while: what it left out keeps the broken one behind for ever."""
    seen, since = None, 0.0
    async with reading(town) as connection:
        while seen is None or time.monotonic() - since < STILL:
            now = await consumers_of(connection)
            if now != seen:
                seen, since = now, time.monotonic()
            await asyncio.sleep(0.1)
