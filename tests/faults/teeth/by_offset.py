"""T10: a feed that knows records by their offset is caught when the topic is made anew, where offsets begin again."""

from contextlib import suppress

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.stores import quiet
from tests.faults.teeth.worn import worn
from tests.faults.town.redelivery import make_topic_anew, redeliver

COUNTS = 20
SETTLED_WITHIN = 10.0


async def by_offset(arena: Arena) -> None:
    """Copies make the offsets run ahead of what the new topic will have."""
    runs = damage = 0
    async with (
        worn(arena, "T10", "billing.worker") as town,
        arena.load(town, base_url=town.ports.url("academic.api")) as load,
    ):
        await load.open_tallies(each=1)
        for runs in range(1, arena.trials + 1):
            for _ in range(COUNTS):
                await load.until_done()
            await redeliver(town, "academic", arena.draws("order", runs))
            for _ in range(COUNTS):
                await load.until_done()
            await quiet(town)
            await make_topic_anew(town, "academic")
            for _ in range(COUNTS):
                await load.until_done()
            await load.resolve()
            with suppress(AssertionError):  # what it left out keeps its position back
                await quiet(town, SETTLED_WITHIN)
            damage = (await judge(town, load.ledger, topics=False)).lost
            if damage:
                break
    arena.found.add(runs=runs, lost=damage, caught=int(damage > 0))
    arena.found.must(damage > 0, f"not caught within {runs} runs")
