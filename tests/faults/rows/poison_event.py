"""G13: one bad event holds up only its own tenant, and only in the view that fails on it; a fix loses nothing."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from uuid import UUID

from aiokafka import AIOKafkaProducer

from shared import topics
from shared.ids import uuid7
from shared.members import TooLarge
from shared.records import partition_of
from shared.token import Token
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.rows.stopped_readers import refuse_another_server, stop_before_a_shorter_log
from tests.faults.stores import log_of, parked_in, passed, quiet, reading
from tests.faults.town.metrics import metric
from tests.faults.town.operator import rollbook
from tests.faults.town.poison import newer, state_of, unparsable
from tests.faults.town.raw_append import put_into_store
from tests.faults.town.town import Town

RATE = 20.0
BAD = ("5", "6", "7")
KINDS = {
    "handler-bug": BAD[:2],
    "unparsable": BAD[1:],
    "newer": BAD[::2],
    "unknown-type": ("0",),
    "no-relay": ("0",),
    "above-256-KB": ("0",),
    "2-MB": ("0",),
}
SAMPLES = 15


async def poison_event(arena: Arena) -> None:
    town = await arena.towns.new("poison", "academic.api", "academic.worker", "billing.worker")
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS))
    met: Counter[str] = Counter(fault.kind for fault in plan.faults)
    async with arena.load(town, tenants=8, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies(each=2)
        good, first_bad = load.tenants[0], dict[UUID, int]()
        async with load.flowing(RATE):
            await lags(town, load, good)
            calm = await lags(town, load, good)
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                tenant = load.tenants[int(fault.targets[0])]
                position = await INPUTS[fault.kind](town, load, tenant)
                if fault.kind in PARKS:
                    first_bad.setdefault(tenant, position)
            await passed(town)
            held_up = await lags(town, load, good)
        await quiet(town)
        parked = await check_parked(arena, town, load, first_bad)
        await check_visible(arena, town, met)
        await check_answers(arena, town, load, first_bad)
        seconds = await repair(arena, town, load)
        await refuse_another_server(arena, town)
        await stop_before_a_shorter_log(arena, town)
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.stop()
    arena.found.add(
        parked=parked,
        tenants_waiting=len(first_bad),
        others_lag_ms=1000 * calm,
        others_lag_beside_poison_ms=1000 * held_up,
        retried_s=seconds,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
    )
    arena.found.wrong += judgement.wrong


async def lags(town: Town, load: Load, tenant: UUID) -> float:
    """Median of seconds from a count's answer until a query of the same tenant shows it."""
    seconds = []
    for _ in range(SAMPLES):
        tally = load.tallies[tenant][0]
        await load.until_answered(load.count(tenant, tally))
        seconds.append(await shown(load, tenant, tally, await token_of(town, tenant)))
    return statistics.median(seconds)


async def shown(load: Load, tenant: UUID, tally: UUID, token: str) -> float:
    began = asyncio.get_running_loop().time()
    async with asyncio.timeout(60):
        while (await load.ask(tenant, f"{load.prefix}/tallies/{tally}", token)).status != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return asyncio.get_running_loop().time() - began


async def token_of(town: Town, tenant: UUID) -> str:
    """Names the last event of this tenant."""
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT max(notification_id) FROM academic.events WHERE tenant_id = %s", (tenant,)
        )
        [(position,)] = await cursor.fetchall()
    return token(tenant, position)


def token(tenant: UUID, position: int) -> str:
    return Token({("academic", tenant): position}).encode()


async def handler_bug(town: Town, load: Load, tenant: UUID) -> int:
    intent = load.count(tenant, load.tallies[tenant][1], tag="poison")
    await load.until_answered(intent)
    async with reading(town) as connection:
        return next(e.position for e in await log_of(connection, "academic") if intent.body["tag"].encode() in e.state)


def written(change: Callable[[bytes], bytes]) -> Callable[[Town, Load, UUID], Awaitable[int]]:
    """A count in bytes that this release cannot read, of a tally that no client uses any more."""

    async def put(town: Town, load: Load, tenant: UUID) -> int:
        opened = load.opening(tenant)
        await load.until_answered(opened)
        tally = UUID(opened.reply["data"]["id"])
        intent = load.count(tenant, tally)
        position = await put_into_store(town, tenant, tally, 2, "academic.counted", change(state_of(intent.body)))
        load.ledger.answered(intent, 201, {"data": {"id": str(tally), "version": 2}})
        return position

    return put


async def unknown_type(town: Town, load: Load, tenant: UUID) -> int:
    return await put_into_store(town, tenant, uuid7(), 1, "academic.unheard", state_of({}))


async def no_relay(town: Town, load: Load, tenant: UUID) -> int:
    producer = AIOKafkaProducer(bootstrap_servers=town.kafka)
    await producer.start()
    topic = topics.events_topic("academic", 1)
    for headers in ([], [("ce_tenant", b"\xff")]):
        await producer.send_and_wait(topic, b"junk", key=b"\xff", headers=headers, partition=partition_of(tenant))
    await producer.stop()
    return 0


async def large_event(town: Town, load: Load, tenant: UUID) -> int:
    """Refused before it is queued: whoever else appends does not notice."""
    with suppress(TooLarge):
        await put_into_store(town, tenant, uuid7(), 1, "academic.counted", state_of({"tag": "x" * 300_000}))
        raise AssertionError("an event above 256 KB was stored")
    return 0


async def large_request(town: Town, load: Load, tenant: UUID) -> int:
    intent = load.count(tenant, load.tallies[tenant][0], tag="x" * 2_000_000)
    await load.send(intent)
    assert [status for status, _ in intent.answers] == [413], [body for _, body in intent.answers]
    return 0


INPUTS = {
    "handler-bug": handler_bug,
    "unparsable": written(unparsable),
    "newer": written(newer),
    "unknown-type": unknown_type,
    "no-relay": no_relay,
    "above-256-KB": large_event,
    "2-MB": large_request,
}
PARKS = ("handler-bug", "unparsable", "newer")


async def check_parked(arena: Arena, town: Town, load: Load, first_bad: dict[UUID, int]) -> int:
    """In the view of totals exactly the bad events and what lies behind them of the same tenants."""
    async with reading(town) as connection:
        log = await log_of(connection, "academic")
        parked = [one for service in ("academic", "billing") for one in await parked_in(connection, service)]
    due = {e.position for e in log if e.position >= first_bad.get(e.tenant_id, len(log) + 1)}
    found = {one.position for one in parked if one.consumer.startswith("academic_views_totals")}
    arena.found.must(found == due, f"{sorted(found ^ due)[:10]} are parked although they should not be, or are not")
    strangers = [one for one in parked if one.tenant_id not in first_bad]
    arena.found.must(not strangers, f"other tenants wait, too: {strangers[:3]}")
    causes = {one.position for one in parked if one.error_class != "Behind"}
    arena.found.must(set(first_bad.values()) <= causes, f"{first_bad} are not named as causes: {causes}")
    return len(parked)


async def check_visible(arena: Arena, town: Town, met: Counter[str]) -> None:
    for service in ("academic", "billing"):
        async with reading(town) as connection:
            parked = len(await parked_in(connection, service))
        counted = await metric(town, f"{service}.worker", "rollbook_parked_facts")
        arena.found.must(counted == parked, f"{service}: {parked} facts are parked, the metric says {counted:g}")
        status, listed = await rollbook(town, "parked", "list", service)
        arena.found.must(status == 0 and (not parked or "/1/" in listed), f"the operator sees {listed}")
    for kind, process in (("unknown-type", "academic.worker"), ("no-relay", "billing.worker")):
        skipped = await metric(town, process, "rollbook_skipped_records_total", reason=kind)
        arena.found.must(skipped >= met[kind], f"{met[kind]} records ({kind}), {skipped:g} were counted as skipped")


async def check_answers(arena: Arena, town: Town, load: Load, first_bad: dict[UUID, int]) -> None:
    for tenant, bad in first_bad.items():
        path = f"{load.prefix}/tallies/{load.tallies[tenant][0]}"
        for position, expected in ((bad - 1, 200), (bad, 425), (bad + 1, 425)):
            asked = await load.ask(tenant, path, token(tenant, position))
            code = asked.body.get("code", "")
            arena.found.must(
                asked.status == expected and code in ("", "view-parked"),
                f"a query at {position}, beside the bad event at {bad}, got {asked.status} {code}",
            )


async def repair(arena: Arena, town: Town, load: Load) -> float:
    """A retry before the fix changes nothing; after it everything is applied, while more comes in."""
    await rollbook(town, "parked", "retry", "academic")
    began = asyncio.get_running_loop().time()
    for name in ("academic.worker", "billing.worker"):
        await town[name].stop()
        await town.add(name, "able", TOWN_REPAIRED="1").start()
    async with load.flowing(RATE):
        for service in ("academic", "billing"):
            status, said = await rollbook(town, "parked", "retry", service)
            arena.found.must(status == 0, said)
        async with asyncio.timeout(60), reading(town) as connection:
            while await parked_in(connection, "academic") or await parked_in(connection, "billing"):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
    seconds = asyncio.get_running_loop().time() - began
    await load.resolve()
    return seconds
