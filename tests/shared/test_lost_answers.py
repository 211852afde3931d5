"""Lost requests, lost answers and killed backends: every save ends as stored, once."""

import asyncio
import random
from uuid import UUID

import psycopg
import pytest

from shared.database import Connection
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.members import Member
from shared.records import Record
from shared.writer import Writer
from tests.faults.town.proxy import Cut, proxied
from tests.shared.stores import append, as_worker, contiguous, event_of, member_of, records_of, store_on

Dsns = dict[str, str]

WRITERS, TASKS, SECONDS = 4, 6, 4.0


def tagged(tenant: UUID, *, keyed: bool) -> tuple[Member, bytes]:
    tag = f'{{"tag": "{uuid7()}"}}'.encode()
    return member_of(event_of(tenant, state=tag), key=uuid7().bytes if keyed else None), tag


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without a key"])
@pytest.mark.parametrize(
    ("cut", "outcome"), [(Cut.REQUEST, "saved"), (Cut.ANSWER, "replayed")], ids=["request", "answer"]
)
async def test_ET4_a_lost_request_or_answer_is_stored_once(log: Dsns, cut: Cut, outcome: str, keyed: bool) -> None:
    async with proxied(log["api"]) as proxy, store_on(proxy.dsn) as store, await as_worker(log) as worker:
        for number in range(5):
            member, tag = tagged(uuid7(), keyed=keyed)
            proxy.arm(tag, cut)
            assert (await store._writer.append(member)).outcome == outcome
            assert proxy.cuts == number + 1
            assert [record.state for record in await records_of(worker)].count(tag) == 1


@pytest.mark.parametrize("keyed", [True, False], ids=["with a key", "without a key"])
async def test_ET4_a_connection_cut_while_the_append_waits_for_the_lock_is_stored_once(log: Dsns, keyed: bool) -> None:
    """TRAP ES71: a look-up by key would say "not stored" here."""
    async with proxied(log["api"]) as proxy, store_on(proxy.dsn) as store, await as_worker(log) as holder:
        await holder.execute("BEGIN")
        [first] = await append(holder, member_of(event_of(uuid7())))
        member, tag = tagged(uuid7(), keyed=keyed)
        proxy.arm(tag, Cut.CONNECTION)
        saving = asyncio.create_task(store._writer.append(member))
        async with await as_worker(log) as watcher:
            while await waiters(watcher) < 2:  # noqa: ASYNC110 - only the server knows
                await asyncio.sleep(0.01)
        await holder.execute("COMMIT")
        result = await saving
        records = await records_of(holder)
    assert (result.outcome, result.position) == ("replayed", first.position + 1)
    assert [record.state for record in records].count(tag) == 1


async def waiters(connection: Connection) -> int:
    cursor = await connection.execute(
        "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database"
        " WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    row = await cursor.fetchone()
    return 0 if row is None else int(row[0])


class Tried:
    """What the writers did, as they know it."""

    def __init__(self) -> None:
        self.stored: dict[bytes, int] = {}
        self.refused: set[bytes] = set()
        self.kills = 0


async def write(writer: Writer, tried: Tried, until: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        member, tag = tagged(uuid7(), keyed=random.random() < 0.5)
        if random.random() < 0.02:
            event = member.events[0]
            member.events[0] = event._replace(version=7)
        result = await writer.append(member)
        if result.outcome == "conflict":
            tried.refused.add(tag)
        else:
            tried.stored[tag] = result.position


async def tail(dsns: Dsns, head: int, seen: list[Record], done: asyncio.Event) -> None:
    """Reads after the last position, as every reader does; its backend is killed like the others."""
    connection = await as_worker(dsns)
    try:
        while True:
            finished = done.is_set()
            try:
                page = await read_page(connection, seen[-1].position if seen else head, 500)
            except psycopg.OperationalError:
                await connection.close()
                connection = await as_worker(dsns)
                continue
            seen += page
            if finished and not page:
                return
            await asyncio.sleep(0)
    finally:
        await connection.close()


async def kill(connection: Connection, tried: Tried, until: float) -> None:
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        cursor = await connection.execute(
            "SELECT pg_terminate_backend(pid) FROM (SELECT pid FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            " ORDER BY random() LIMIT 1) one"
        )
        tried.kills += cursor.rowcount
        await asyncio.sleep(random.uniform(0, 0.1))


async def test_ET1_no_event_is_missed_lost_or_doubled_while_backends_are_killed(log: Dsns) -> None:
    tried, seen, done = Tried(), list[Record](), asyncio.Event()
    writers = [Writer(log["api"], "academic") for _ in range(WRITERS)]
    for writer in writers:
        await writer.start()
    async with await as_worker(log) as worker:
        head = len(await records_of(worker))
    reader = asyncio.create_task(tail(log, head, seen, done))
    until = asyncio.get_running_loop().time() + SECONDS
    async with await psycopg.AsyncConnection.connect(log["superuser"], autocommit=True) as killer:
        writing = asyncio.gather(*[write(writer, tried, until) for writer in writers for _ in range(TASKS)])
        await kill(killer, tried, until)
        await writing
    for writer in writers:
        await writer.stop()
    done.set()
    await reader
    async with await as_worker(log) as worker:
        stored = await records_of(worker)
    assert contiguous(stored)
    assert seen == stored[head:]
    assert {record.state: record.position for record in seen} == tried.stored
    assert len(seen) > 500
    assert tried.kills > 20
    assert tried.refused
