"""G8: each view applies each event exactly once, whatever is delivered again and whoever follows."""

import asyncio
from collections import Counter

from psycopg import sql

from tests.faults.arena import Arena
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import passed, quiet, reading
from tests.faults.town.metrics import metric
from tests.faults.town.redelivery import make_topic_anew, redeliver
from tests.faults.town.town import Town

RATE = 25.0
KINDS = {
    "redeliver": ("academic", "billing"),
    "offsets": ("academic", "billing"),
    "two-followers": ("academic.worker.3",),
    "two-leaders": ("billing.worker.2",),
    "topic-anew": ("academic", "billing"),
}
BESIDE = {"academic.worker.3": ("academic.worker", "academic.worker.2"), "billing.worker.2": ("billing.worker",)}
WRONG = 10_000


async def exactly_once(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(0.5, 1.5)))
    met: Counter[str] = Counter()
    slowest = 0.0
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for number, fault in enumerate(plan.faults):
                await asyncio.sleep(fault.after)
                met[fault.kind] += 1
                met += await FAULTS[fault.kind](arena, town, fault, number)
                slowest = max(slowest, await passed(town, within=120))
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    arena.found.add(
        redelivered=met["redelivered"],
        offsets_set=met["offsets_set"],
        deposed=met["deposed"],
        topics_anew=met["topic-anew"],
        events=judgement.events,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        caught_up_max_s=slowest,
    )
    arena.found.wrong += judgement.wrong
    double = met["two-followers"] + met["two-leaders"]
    arena.found.must(not double or met["deposed"] > 0, "two followers of one build never met")


async def redelivery(arena: Arena, town: Town, fault: Fault, number: int) -> Counter[str]:
    return Counter(redelivered=await redeliver(town, fault.targets[0], arena.draws("order", number)))


async def offsets(arena: Arena, town: Town, fault: Fault, number: int) -> Counter[str]:
    """Its workers die; when they come back each offset is 0 or points anywhere."""
    rng = arena.draws("offsets", number)
    service = fault.targets[0]
    workers = [name for name in town.children if name.startswith(f"{service}.worker")]
    await asyncio.gather(*[town[name].kill(fault.lasts) for name in workers])
    lost = rng.random() < 0.5
    async with reading(town) as connection:
        cursor = await connection.execute(
            sql.SQL("UPDATE {}.positions SET kafka_offset = (%s * abs(hashint4(partition + %s)::bigint)) %% %s").format(
                sql.Identifier(service)
            )
            + sql.SQL(" WHERE source <> {}").format(sql.Literal(service)),
            (0 if lost else 1, rng.randrange(WRONG), WRONG),
        )
    await town.ready(*workers)
    return Counter(offsets_set=cursor.rowcount)


async def second_follower(arena: Arena, town: Town, fault: Fault, number: int) -> Counter[str]:
    """Another worker that asks for no lock follows the same builds and feeds."""
    name = fault.targets[0]
    before = await deposed(town, *BESIDE[name])
    await town.add(name, "leaderless").start()
    await asyncio.sleep(fault.lasts)
    after = await deposed(town, name, *BESIDE[name])
    await town[name].kill(away=3600)
    await town.remove(name)
    return Counter(deposed=int(after - before))


async def deposed(town: Town, *names: str) -> float:
    return sum([await metric(town, name, "rollbook_role_failures_total", error="Deposed") for name in names])


async def topic_anew(arena: Arena, town: Town, fault: Fault, number: int) -> Counter[str]:
    await make_topic_anew(town, fault.targets[0])
    return Counter()


FAULTS = {
    "redeliver": redelivery,
    "offsets": offsets,
    "two-followers": second_follower,
    "two-leaders": second_follower,
    "topic-anew": topic_anew,
}
