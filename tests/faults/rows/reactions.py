"""G23: each step of a process takes effect once; a new reaction does nothing until it is told from where."""

import asyncio
import hashlib
import json
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGCONT, SIGSTOP

from shared.database import connect
from shared.starting import Origin, start
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import Judgement, judge
from tests.faults.plan import Plan, drawn
from tests.faults.stores import Ends, all_ends, log_of, quiet, reading
from tests.faults.town import items, notes
from tests.faults.town.releases import DIES_AT
from tests.faults.town.town import Town

RATE = 25.0
WORKERS = {
    "academic.worker": ("dies-between",),
    "academic.worker.2": (),
    "billing.worker": ("dies-between", "contended"),
    "billing.worker.2": ("contended",),
}
KILLS = 20
"""One kill for so many flows."""
STEPS = (
    ("academic", "academic.counted", "billing", "billing.book-item"),
    ("billing", "billing.item_booked", "academic", "academic.settle"),
)


async def reactions(arena: Arena) -> None:
    async with workers(arena) as town, arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        async with reading(town) as connection:
            began = await all_ends(connection)
        plan = arena.plan(faults_of(arena))
        async with load.flowing(RATE):
            await strike(town, plan)
            while sum(intent.outcome == "ok" for intent in load.ledger.intents) < arena.trials:
                await load.until_done()
        await load.resolve()
        died = sum(len(town[name].exits) for name in WORKERS)
        waited = await healed(town)
        judgement = await judge(town, load.ledger)
        await repeat(town, began)
        again = await judge(town, load.ledger)
        keys = await wrong_keys(town)
        new = await new_reactions(town, load)
    tell(arena, load, judgement, again, keys, new)
    arena.found.add(deaths=died, healed_s=waited)
    arena.found.must(died > len(plan.faults) // 2, f"only {died} processes died")


def tell(
    arena: Arena, load: Load, judgement: Judgement, again: Judgement, keys: list[str], new: dict[str, int]
) -> None:
    flows = sum(intent.outcome == "ok" and intent.kind == "count" for intent in load.ledger.intents)
    arena.found.add(
        flows=flows,
        lost=judgement.lost + again.lost,
        duplicated=judgement.duplicated + again.duplicated,
        wrong_keys=len(keys),
        **new,
    )
    arena.found.wrong += [*judgement.wrong, *again.wrong, *keys]
    arena.found.must(new["untold"] == 0, f"a reaction that nobody started had {new['untold']} effects")
    arena.found.must(new["from_beginning_wrong"] == 0, f"{new['from_beginning_wrong']} facts have not one note each")
    arena.found.must(
        new["from_now_wrong"] == 0, f"{new['from_now_wrong']} facts after the start have not one note each"
    )
    arena.found.must(new["from_now_early"] == 0, f"{new['from_now_early']} facts before the start have a note")


def faults_of(arena: Arena) -> Plan:
    """The last one freezes a worker for longer than its leadership lasts."""
    rng, names = arena.draws("plan"), list(WORKERS)
    kills = drawn(rng, max(2, arena.trials // KILLS), {"kill": names}, after=(0.5, 1.5))
    return Plan((*kills.faults, *drawn(rng, 1, {"freeze": names[2:]}, lasts=(6.5, 7.0)).faults))


@asynccontextmanager
async def workers(arena: Arena) -> AsyncIterator[Town]:
    """Two workers of each service, of which one dies by itself, now and then, between effect and position."""
    town = await arena.towns.new("reactions", "academic.api")
    rng = arena.draws("dies at")
    try:
        await asyncio.gather(
            *[town.add(name, *teeth, **{DIES_AT: str(rng.randrange(3, 9))}).start() for name, teeth in WORKERS.items()]
        )
        yield town
    finally:
        await town.stop()


async def strike(town: Town, plan: Plan) -> None:
    for fault in plan.faults:
        await asyncio.sleep(fault.after)
        for target in fault.targets:
            if fault.kind == "kill":
                await town[target].kill(fault.lasts)
            else:
                town[target].signal(SIGSTOP)
                await asyncio.sleep(fault.lasts)
                town[target].signal(SIGCONT)


async def healed(town: Town, within: float = 90.0) -> float:
    """Seconds until all have caught up and nobody waits for others any more, without anybody's word."""
    began = time.monotonic()
    for name, teeth in WORKERS.items():
        if "dies-between" in teeth:
            await town[name].stop()
            await town.add(name, *[one for one in teeth if one != "dies-between"]).start()
    async with asyncio.timeout(within):
        while await parked(town):  # noqa: ASYNC110 - only the database knows
            await asyncio.sleep(0.1)
    await quiet(town, within)
    return time.monotonic() - began


async def parked(town: Town) -> int:
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT (SELECT count(*) FROM academic.parked) + (SELECT count(*) FROM billing.parked)"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def repeat(town: Town, began: Ends) -> None:
    """All reactions stand again where they stood before the load."""
    async with reading(town) as connection:
        for source, _, service, name in STEPS:
            await connection.execute(
                f"UPDATE {service}.positions SET kafka_offset = -1,"
                " position = coalesce((%s::jsonb ->> partition::text)::bigint, 0) WHERE consumer = %s AND source = %s",
                (json.dumps(began[source]), name, source),
            )
    for name in WORKERS:
        await town[name].kill()
    await town.ready(*WORKERS)
    await healed(town)


async def wrong_keys(town: Town) -> list[str]:
    """Commands of reactions whose keys do not come from the reaction's name and the fact."""
    wrong = []
    async with reading(town) as connection:
        for source, topic, service, name in STEPS:
            facts = [
                json.loads(e.state)["meta"]["event_id"] for e in await log_of(connection, source) if e.topic == topic
            ]
            derived = Counter(hashlib.sha256(f"{name}\x1f{event_id}".encode()).digest() for event_id in facts)
            cursor = await connection.execute(
                f"SELECT key_hash, expires_at FROM {service}.commands WHERE kind = %s",
                (name,),
            )
            rows = await cursor.fetchall()
            different = (derived - Counter(bytes(key) for key, _ in rows)).total()
            different += (Counter(bytes(key) for key, _ in rows) - derived).total()
            if different or any(expires is not None for _, expires in rows):
                wrong.append(f"{name}: {different} keys are not derived, or some expire")
    return wrong


async def new_reactions(town: Town, load: Load) -> dict[str, int]:
    """A release with two reactions more over a log that is full: silent, then told from the beginning and from now."""
    names = [name for name in WORKERS if name.startswith("billing")]
    await asyncio.gather(*[town[name].stop() for name in names])
    await asyncio.gather(*[town.add(name, "takes-notes").start() for name in names])
    await some(town, load)
    untold = await notes_by(town)
    before = await tags(town)
    await tell_from(town, "now")
    await tell_from(town, "beginning")
    await some(town, load)
    await some(town, load)
    made, everything = await notes_by(town), await tags(town)
    return {
        "untold": untold.total(),
        "noted": made.total(),
        "from_beginning_wrong": sum(made[notes.note_all.name, tag] != 1 for tag in everything),
        "from_now_wrong": sum(made[notes.note_new.name, tag] != 1 for tag in everything - before),
        "from_now_early": sum(made[notes.note_new.name, tag] for tag in before),
    }


async def tell_from(town: Town, origin: Origin) -> None:
    service = notes.with_notes(items.SERVICE)
    reaction = notes.note_all if origin == "beginning" else notes.note_new
    async with await connect(town.dsn("billing", "worker"), search_path="billing") as connection:
        await start(connection, service, reaction, town.kafka, origin)


async def some(town: Town, load: Load) -> None:
    """More counts, that everybody has seen."""
    for tenant, tallies in load.tallies.items():
        for tally in tallies:
            await load.until_answered(load.count(tenant, tally))
    await quiet(town)


async def notes_by(town: Town) -> Counter[tuple[str, str]]:
    """(reaction, tag) → notes."""
    async with reading(town) as connection:
        log = await log_of(connection, "billing")
    return Counter((e.data["by"], e.data["tag"]) for e in log if e.topic == "billing.noted")


async def tags(town: Town) -> set[str]:
    async with reading(town) as connection:
        log = await log_of(connection, "academic")
    return {e.data["tag"] for e in log if e.topic == "academic.counted"}
