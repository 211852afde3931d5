"""G16: a slow reader slows only itself: not the appends, not the API, not the relay. Afterwards it catches up."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import psycopg
from yarl import URL

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, Plan
from tests.faults.stores import quiet, reading
from tests.faults.town.metrics import metric
from tests.faults.town.town import Town

RATE = 25.0
SECONDS = 6.0
MOST = 2.0
FLOOR = 0.02
"""Below 20 ms a ratio of medians says more about the machine than about the product."""
REQUESTS_EACH = 10
"""Their questions are asked before the measuring begins: it is about what their unread answers hold up."""


async def slow_consumer(arena: Arena) -> None:
    """As many clients that never read as there are trials, a view a hundred times slower, a snapshot held open.

    Measured before, meanwhile and afterwards: the machine has other work, too."""
    town = await arena.towns.new("slow", "academic.api", "academic.worker", "billing.worker")
    plan = arena.plan(Plan((Fault("slow", ("academic.worker",), 0.0, SECONDS),)))
    lasts = plan.faults[0].lasts
    async with arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        await quiet(town)
        await measured(town, load, 2.0)
        before = await measured(town, load, lasts)
        await town["academic.worker"].stop()
        await town.add("academic.worker", "slow-totals").start()
        async with snapshot(town), clients_that_never_read(town, load, arena.trials):
            await measured(town, load, 3.0)
            slowed = await measured(town, load, lasts)
        behind = await metric(town, "academic.worker", "rollbook_consumer_behind_seconds", source="academic")
        caught_up = await quiet(town, within=120)
        await town["academic.worker"].stop()
        await town.add("academic.worker").start()
        after = await measured(town, load, lasts)
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.stop()
    for name in slowed:
        for kind, one in (("median", statistics.median), ("p95", p95)):
            ratio = one(slowed[name]) / max(one(before[name]), one(after[name]), FLOOR)
            arena.found.add(**{f"{name}_{kind}_ms": 1000 * one(slowed[name]), f"{name}_{kind}_ratio": ratio})
            arena.found.must(kind == "p95" or ratio <= MOST, f"{name}: {kind} grew {ratio:.1f} times")
    arena.found.add(
        dead_clients=arena.trials,
        lag_seen_s=behind,
        caught_up_s=caught_up,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
    )
    arena.found.wrong += judgement.wrong
    arena.found.must(behind > 0, "the metric does not show that the view is behind")


def p95(seconds: Sequence[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


async def measured(town: Town, load: Load, lasts: float) -> dict[str, list[float]]:
    """Seconds of commands, of queries, and from an event's place in the log to its place in Kafka."""
    first = len(load.late)
    queries: list[float] = []
    relay: list[float] = []
    until = time.monotonic() + lasts
    async with load.flowing(RATE), asyncio.TaskGroup() as group:
        group.create_task(ask(load, queries, until))
        group.create_task(relayed(town, relay, until))
    return {"command": load.late[first:], "query": queries, "relay": relay}


async def ask(load: Load, seconds: list[float], until: float) -> None:
    tenant = load.tenants[0]
    path = f"{load.prefix}/tallies/{load.tallies[tenant][0]}"
    while time.monotonic() < until:
        seconds.append((await load.ask(tenant, path)).seconds)
        await asyncio.sleep(0.05)


async def relayed(town: Town, seconds: list[float], until: float) -> None:
    async with reading(town) as connection:
        while time.monotonic() < until:
            cursor = await connection.execute("SELECT max(notification_id) FROM academic.events")
            [(head,)] = await cursor.fetchall()
            began = time.monotonic()
            while True:
                cursor = await connection.execute("SELECT max(position) FROM academic.relay")
                [(position,)] = await cursor.fetchall()
                if position >= head:
                    break
                await asyncio.sleep(0.002)
            seconds.append(time.monotonic() - began)
            await asyncio.sleep(0.03)


@asynccontextmanager
async def snapshot(town: Town) -> AsyncIterator[None]:
    """What an export or a dump does for a long time: nothing that dies meanwhile can be cleaned away."""
    async with await psycopg.AsyncConnection.connect(town.superuser) as connection:
        await connection.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
        await connection.execute("SELECT count(*) FROM academic.events")
        yield


@asynccontextmanager
async def clients_that_never_read(town: Town, load: Load, count: int) -> AsyncIterator[None]:
    """Each asks many times over one connection and leaves the answers where they are."""
    url = URL(town.ports.url("academic.api"))
    tenant = load.tenants[-1]
    request = (
        f"GET /tallies/{load.tallies[tenant][0]} HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Authorization: Bearer {load.token(tenant)}\r\n\r\n"
    ).encode()
    writers = []
    for _ in range(count):
        _, writer = await asyncio.open_connection(url.host, url.port, limit=1)
        writer.transport.pause_reading()  # type: ignore[attr-defined]
        writer.write(request * REQUESTS_EACH)
        writers.append(writer)
    try:
        yield
    finally:
        for writer in writers:
            writer.transport.abort()
