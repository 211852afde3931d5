"""G24, the kernel's part: after an erasure no clear personal data of that person is readable anywhere."""

import asyncio
import time
from base64 import b64encode
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from uuid import UUID

from shared.builds import BehindLive, flip, make_build
from shared.database import connect
from shared.starting import start
from tests.faults.arena import Arena
from tests.faults.ledger import Intent
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.searching import in_files, in_tables
from tests.faults.stores import log_of, quiet, reading
from tests.faults.town import items, keepers
from tests.faults.town.releases import KEYS_AFTER, short_lived_keys
from tests.faults.town.tallies import Totals
from tests.faults.town.town import Town

BILLING = ("short-lived-keys", "knows-keepers")
EACH = 5
WITHIN = 60.0


@dataclass(frozen=True)
class Person:
    tenant_id: UUID
    tally_id: UUID
    name: str


async def erasure(arena: Arena) -> None:
    async with town_of(arena) as town, arena.load(town, tenants=4) as load, arena.load(town, tenants=1) as unlucky:
        await load.open_tallies(EACH)
        await unlucky.open_tallies(1)
        await parked_count(town, unlucky)
        people = people_of(load) + people_of(unlucky)
        gone = [*arena.draws("erased").sample(people[:-1], arena.trials), people[-1]]
        await until_told(load, unlucky, people, set())
        keys = await wrapped_keys(town, gone)
        controls = in_kafka(town, keys), in_kafka(town, [str(one.tally_id).encode() for one in gone])
        arena.found.must(all(len(hits) >= len(gone) for hits in controls), "the search does not find what is there")
        for one in gone:
            await erase(load if one.tenant_id in load.tenants else unlucky, one)
        erased_at = time.monotonic()
        await until_told(load, unlucky, people, {one.tally_id for one in gone})
        arena.found.add(everywhere_s=time.monotonic() - erased_at)
        await rebuild(town)
        await until_told(load, unlucky, people, {one.tally_id for one in gone})
        early = await late_keys(arena, town, load, gone)
        await until_told(load, unlucky, people_of(load) + people_of(unlucky), {one.tally_id for one in gone})
        await until(lambda: nothing_in_kafka(town, keys), "a destroyed key is still in Kafka's files")
        arena.found.add(compacted_s=time.monotonic() - erased_at)
        await quiet(town)
        judgement = await judge(town, load.ledger)
        greeted = await greetings(town)
        async with reading(town) as connection:
            names = [one.name.encode() for one in gone]
            tables = await in_tables(connection, [*names, *keys])
        files = [hit for folder in ("kafka", "logs", "caches") for hit in in_files(town.folder / folder, names)]
    asked = {str(one.tally_id) for one in people_of(load) + people_of(unlucky)}
    arena.found.add(
        people=len(asked),
        erased=len(gone),
        hits_in_tables=len(tables),
        hits_in_files=len(files),
        absent_read_as_erased=early,
        wal="not_searched",
        lost=judgement.lost + sum(greeted[tally] < 1 for tally in asked),
        duplicated=judgement.duplicated + sum(greeted[tally] > 1 for tally in asked),
    )
    arena.found.wrong += [*judgement.wrong, *tables, *files]
    arena.found.must(early == 0, f"{early} keys that had not come yet were taken for erased")
    arena.found.must(all(greeted[tally] == 1 for tally in asked), f"not one greeting each: {greeted}")


@asynccontextmanager
async def town_of(arena: Arena) -> AsyncIterator[Town]:
    """Its topic of keys is compacted within seconds."""
    with short_lived_keys():
        town = arena.towns.made("erasure")
        try:
            await town.start("academic.api", "gateway")
            async with await connect(town.dsn("billing", "worker"), search_path="billing") as connection:
                service = keepers.with_keepers(items.SERVICE)
                await start(connection, service, keepers.when_opened, town.kafka, "beginning")
            processes = [
                town.add("academic.worker", "short-lived-keys"),
                town.add("billing.worker", *BILLING),
                town.add("billing.api", "knows-keepers"),
            ]
            await asyncio.gather(*[process.start() for process in processes])
            yield town
        finally:
            await town.stop()


def people_of(load: Load) -> list[Person]:
    opened = [intent for intent in load.ledger.intents if intent.kind == "open"]
    return [Person(i.tenant_id, UUID(i.reply["data"]["id"]), i.body["keeper"]) for i in opened]


async def parked_count(town: Town, load: Load) -> None:
    """A fact of one who will be erased is parked, and another one waits behind it."""
    [(tenant, [tally])] = load.tallies.items()
    for tag in ("poison", ""):
        await load.until_answered(load.count(tenant, tally, tag))

    async def both() -> bool:
        async with reading(town) as connection:
            cursor = await connection.execute("SELECT count(*) FROM academic.parked")
            return await cursor.fetchone() == (2,)

    await until(both, "nothing was parked")


async def until(holds: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    began = time.monotonic()
    while not await holds():
        assert time.monotonic() - began < WITHIN, otherwise
        await asyncio.sleep(0.1)


async def until_told(load: Load, unlucky: Load, people: list[Person], gone: set[UUID]) -> None:
    """Until both services tell the name of everybody who is there, and none of those who are gone."""
    for one in people:
        asking = load if one.tenant_id in load.tenants else unlucky
        right = None if one.tally_id in gone else one.name
        for path in (f"/api/academic/tallies/{one.tally_id}", f"/api/billing/tallies/{one.tally_id}/keeper"):
            status, body = 0, None

            async def told(
                path: str = path, asking: Load = asking, one: Person = one, right: str | None = right
            ) -> bool:
                nonlocal status, body
                status, body = await asking.get(one.tenant_id, path)
                return status == 200 and body["data"]["keeper"] == right

            await until(told, f"{path} does not tell {right}: {status} {body}")


async def wrapped_keys(town: Town, people: list[Person]) -> list[bytes]:
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT wrapped FROM academic.personal_keys WHERE person_id = ANY(%s) AND wrapped IS NOT NULL",
            ([one.tally_id for one in people],),
        )
        return [bytes(wrapped) for (wrapped,) in await cursor.fetchall()]


def in_kafka(town: Town, needles: list[bytes]) -> list[str]:
    """Keys travel as base64, the rest as it is."""
    return in_files(town.folder / "kafka", [form for one in needles for form in (one, b64encode(one))])


async def nothing_in_kafka(town: Town, keys: list[bytes]) -> bool:
    return not in_kafka(town, keys)


async def erase(load: Load, person: Person) -> None:
    """Not in the ledger: it stores no event."""
    path = f"{load.prefix}/tallies/{person.tally_id}/erasure"
    await load.until_answered(Intent(-1, "count", person.tenant_id, f"erase {person.tally_id}", path, {}))


async def rebuild(town: Town) -> None:
    """The totals are built anew from the log, beside the old ones, and go live."""
    async with await connect(town.dsn("academic", "worker"), search_path="academic") as connection:
        build = await make_build(connection, "academic", Totals, 1)

        async def live() -> bool:
            try:
                await flip(connection, "academic", build)
            except BehindLive:
                return False
            return True

        await until(live, "the new build did not catch up")


async def late_keys(arena: Arena, town: Town, load: Load, gone: list[Person]) -> int:
    """Billing has lost all keys, and gets them late: how often it took one that was absent for erased, meanwhile."""
    arrive = arena.folder / "keys-may-come"
    await town["billing.worker"].stop()
    async with reading(town) as connection:
        await connection.execute("DELETE FROM billing.personal_keys WHERE NOT own")
    arrive.unlink(missing_ok=True)
    releases = (*BILLING, "keys-come-late")
    await town.add("billing.worker", *releases, **{KEYS_AFTER: str(arrive)}).start()
    await load.open_tallies(1)
    await go_on(town, load)
    early = 0
    erased = {one.tally_id for one in gone}
    for one in people_of(load):
        if one.tally_id in erased:  # the relay of billing has read the marker already: erased is the truth
            continue
        status, body = await load.get(one.tenant_id, f"/api/billing/tallies/{one.tally_id}/keeper")
        early += (status, body.get("code")) != (425, "key-absent")
    arrive.touch()
    return early


async def go_on(town: Town, load: Load) -> None:
    """Counts are booked although nobody can be greeted; who has just opened a tally is known by name only."""
    for tenant in load.tenants:
        await load.until_answered(load.count(tenant, load.tallies[tenant][0]))

    async def booked() -> bool:
        async with reading(town) as connection:
            log = await log_of(connection, "billing")
            waiting = await connection.execute("SELECT 1 FROM billing.parked WHERE error_class = 'KeyAbsent'")
            tags = {event.data["tag"] for event in log if event.topic == "billing.item_booked"}
            mine = {i.body["tag"] for i in load.ledger.intents if i.kind == "count"}
            return mine <= tags and await waiting.fetchone() is not None

    await until(booked, "nothing was booked while keys were absent")


async def greetings(town: Town) -> Counter[str]:
    """tally → greetings"""
    async with reading(town) as connection:
        log = await log_of(connection, "billing")
    return Counter(event.data["tally_id"] for event in log if event.topic == "billing.greeted")
