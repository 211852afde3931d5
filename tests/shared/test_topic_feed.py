"""Feeds of another service's topic on a real Kafka: exact, whatever happens to feed, topic and offsets."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from aiokafka import AIOKafkaProducer
from prometheus_client import REGISTRY

from infra.testing.harness import Running
from infra.testing.toy import Library, add_book
from shared import topic_feed, topics
from shared.builds import Build, make_build, start_positions
from shared.chain import Place
from shared.database import Connection, connect
from shared.envelope import headers_of
from shared.history import topic_until
from shared.ids import uuid7
from shared.reader import Reader
from shared.records import PARTITIONS, partition_of
from shared.topic_feed import GapOpen, PositionedConsumer, TopicFeed, start_offsets, tail_places
from tests.shared.kafkas import Relays, delete_topic, eventually, messages_of, own_topic
from tests.shared.readers import library, parked_of, rows_of, settle, shelf_with, titles_of
from tests.shared.stores import call_of, records_of

GENERATIONS = itertools.count(1)


class Feed:
    """A build of the library that follows the town's facts through Kafka."""

    def __init__(self, town: Running, relays: Relays, build: Build) -> None:
        self.town, self.relays, self.build = town, relays, build
        self.failures: list[str] = []
        self.broken = 0

    async def run(self) -> None:
        """As a leader would keep it: a feed that fails starts again."""
        while True:
            async with await connect(self.town.dsns["worker"], search_path="academic") as connection:
                reader = Reader(
                    self.town.kernel, connection, self.relays.source, self.relays.generation, [self.build], []
                )
                try:
                    await TopicFeed(self.relays.kafka, reader).run()
                except Exception as error:  # noqa: BLE001 - each of them is a reason to start again
                    self.failures.append(type(error).__name__)
                finally:
                    self.broken += reader.broken
            await asyncio.sleep(0.05)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def places(self, worker: Connection) -> dict[int, tuple[int, int]]:
        cursor = await worker.execute(
            "SELECT partition, position, kafka_offset FROM positions WHERE consumer = %s AND source = %s",
            (self.build.schema, self.relays.source),
        )
        return {partition: (position, offset) for partition, position, offset in await cursor.fetchall()}

    async def is_exact(self, worker: Connection) -> bool:
        """Every tenant's rows are those of the build that follows the own log, and so are the positions."""
        await settle(self.town, worker)
        own = await library(self.town, worker)
        records = await records_of(worker)
        for tenant in {record.tenant_id for record in records}:
            for table in ("books", "shelves"):
                if await rows_of(worker, own, table, tenant) != await rows_of(worker, self.build, table, tenant):
                    return False
        last = {partition_of(record.tenant_id): record.position for record in records}
        return last == {n: position for n, (position, _) in (await self.places(worker)).items() if position}


@pytest.fixture
async def feed(town: Running, worker: Connection, kafka: str) -> AsyncIterator[Feed]:
    generation = next(GENERATIONS)
    async with own_topic(kafka, generation) as source:
        relays = Relays(town.dsns["worker"], kafka, source, generation)
        build = await make_build(worker, "academic", Library, generation)
        await start_positions(worker, "academic", build.schema, source, generation)
        yield Feed(town, relays, build)


async def decide(town: Running, tenants: list[UUID]) -> int:
    for tenant in tenants:
        saved = await shelf_with(town, tenant, "Emma", "Persuasion", name=f"Shelf {uuid7()}")
    return saved.token.position("academic", tenant)


async def test_a_feed_shows_what_the_own_log_shows(feed: Feed, town: Running, worker: Connection) -> None:
    tenants = [uuid7() for _ in range(8)]
    await decide(town, tenants)
    async with feed.relays.running(), feed.running():
        await eventually(lambda: feed.is_exact(worker))
        await decide(town, tenants)
        await eventually(lambda: feed.is_exact(worker))
    assert (feed.failures, feed.broken) == ([], 0)
    messages = {(one.partition, one.offset) for one in await messages_of(feed.relays.kafka, feed.relays.topic)}
    places = await feed.places(worker)
    assert {(n, offset) for n, (_, offset) in places.items() if offset >= 0} <= messages
    tails = await tail_places(feed.relays.kafka, feed.relays.source, feed.relays.generation)
    assert {n: (tail.position, tail.offset) for n, tail in tails.items()} == places


async def test_ET9_a_feed_whose_sessions_are_killed_is_exact(feed: Feed, town: Running, worker: Connection) -> None:
    tenants = [uuid7() for _ in range(4)]
    async with await psycopg.AsyncConnection.connect(town.dsns["superuser"], autocommit=True) as superuser:

        async def kill() -> bool:
            cursor = await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = 'academic_worker' AND query ~ 'UPDATE positions|parked'"
            )
            return cursor.rowcount > 0

        async with feed.relays.running(), feed.running():
            for _ in range(4):
                await decide(town, tenants)
                await eventually(kill)
            await eventually(lambda: feed.is_exact(worker))
    assert feed.failures


async def test_ET10_feeds_end_exact_when_the_topic_is_made_anew_under_them(
    feed: Feed, town: Running, worker: Connection
) -> None:
    tenants = [uuid7() for _ in range(6)]
    await decide(town, tenants)
    async with feed.relays.running(), feed.running():
        await eventually(lambda: feed.is_exact(worker))
        await delete_topic(feed.relays.kafka, feed.relays.topic)
        await topics.ensure(feed.relays.kafka, feed.relays.source, feed.relays.generation)
        await decide(town, tenants)
        await eventually(lambda: feed.is_exact(worker))
        await decide(town, [*tenants, uuid7()])
        await eventually(lambda: feed.is_exact(worker))


@pytest.mark.parametrize("offset", [10_000, 0, -1])
async def test_ET10_a_stored_offset_that_means_another_record_or_none_is_not_trusted(
    feed: Feed, town: Running, worker: Connection, offset: int
) -> None:
    tenants = [uuid7() for _ in range(3)]
    last = await decide(town, tenants)
    async with feed.relays.running():
        async with feed.running():
            await eventually(lambda: feed.is_exact(worker))
        await worker.execute(
            "UPDATE positions SET kafka_offset = %s WHERE consumer = %s AND position > 0", (offset, feed.build.schema)
        )
        await decide(town, tenants)
        await feed.relays.reached(last + 1)
        async with feed.running():
            await eventually(lambda: feed.is_exact(worker))


async def test_the_start_check_trusts_a_record_that_is_still_there(feed: Feed, town: Running) -> None:
    tenant = uuid7()
    last = await decide(town, [tenant])
    async with feed.relays.running():
        await feed.relays.reached(last)
    kafka, topic = feed.relays.kafka, feed.relays.topic
    tails = await tail_places(kafka, feed.relays.source, feed.relays.generation)
    n = partition_of(tenant)
    for place, behind in (
        (tails[n], tails[n].offset + 1),
        (tails[n]._replace(offset=tails[n].offset - 1), 0),
        (tails[n]._replace(position=1), 0),
        (tails[n]._replace(offset=99), 0),
    ):
        offsets = await start_offsets(kafka, topic, {n: place})
        wanted = dict.fromkeys(range(PARTITIONS), 0) | {n: behind}
        assert {one.partition: offset for one, offset in offsets.items()} == wanted


async def send(feed: Feed, *messages: tuple[bytes | None, bytes, list[tuple[str, bytes]], int]) -> None:
    """(key, value, headers, partition), as nobody's relay would."""
    producer = AIOKafkaProducer(bootstrap_servers=feed.relays.kafka)
    await producer.start()
    try:
        for key, value, headers, partition in messages:
            await producer.send_and_wait(feed.relays.topic, value, key=key, headers=headers, partition=partition)
    finally:
        await producer.stop()


async def test_G3_the_start_check_finds_what_stands_before_a_duplicate(
    feed: Feed, town: Running, worker: Connection
) -> None:
    """Two relays sent the same record: a feed that applied the second copy has yet to read what lies between them."""
    tenant = uuid7()
    await decide(town, [tenant])
    one, two, three = [record for record in await records_of(worker) if record.tenant_id == tenant]
    links = [(one, 0), (two, one.position), (one, 0), (three, two.position)]
    n, service, generation = partition_of(tenant), feed.relays.source, feed.relays.generation
    messages = [(record, headers_of(record, service, generation, previous)) for record, previous in links]
    await send(feed, *[(str(tenant).encode(), record.state, headers, n) for record, headers in messages])
    for place, behind in ((Place(one.position, 0), 1), (Place(one.position, 2), 0), (Place(three.position, 3), 4)):
        offsets = await start_offsets(feed.relays.kafka, feed.relays.topic, {n: place})
        assert {one.partition: offset for one, offset in offsets.items()}[n] == behind


async def test_G3_what_does_not_follow_is_skipped_and_a_gap_that_stays_open_starts_the_feed_again(
    feed: Feed, town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other partitions go on, and do not hide the gap."""
    monkeypatch.setattr("shared.topic_feed.GAP_LIMIT", 0.5)
    held = uuid7()
    busy = next(one for one in iter(uuid7, None) if partition_of(one) != partition_of(held))
    await decide(town, [held])
    record = next(one for one in await records_of(worker) if one.tenant_id == held)
    headers = headers_of(record._replace(position=10**6), feed.relays.source, feed.relays.generation, 10**6 - 1)
    await send(feed, (str(held).encode(), record.state, headers, partition_of(held)))
    async with feed.running(), feed.relays.running():
        for _ in range(8):
            await decide(town, [busy])
            await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            while GapOpen.__name__ not in feed.failures:  # noqa: ASYNC110 - the feed tells nobody else
                await asyncio.sleep(0.05)
        await eventually(lambda: feed.is_exact(worker))
    assert feed.broken


class Still(PositionedConsumer):
    """A consumer that brings nothing any more, and says nothing."""

    async def getmany(self, *_: Any, **__: Any) -> dict[Any, Any]:
        await asyncio.sleep(0.02)
        return {}


async def test_TRAP_ES46_a_consumer_that_stands_still_is_made_anew(
    feed: Feed, town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topic_feed, "STILL_LIMIT", 0.2)
    kinds = itertools.chain([Still], itertools.repeat(PositionedConsumer))
    monkeypatch.setattr(topic_feed, "PositionedConsumer", lambda *args, **named: next(kinds)(*args, **named))
    last = await decide(town, [uuid7()])
    async with feed.relays.running(), feed.running():
        await feed.relays.reached(last)
        await eventually(lambda: feed.is_exact(worker))
    assert feed.failures == ["Stuck"]


async def test_messages_that_no_relay_wrote_hold_up_nobody(feed: Feed, town: Running, worker: Connection) -> None:
    tenant = uuid7()
    n = partition_of(tenant)
    await send(feed, (b"key", b"not JSON", [], n), (None, b"", [("ce_tenant", b"\xff")], n))
    async with feed.running():
        async with feed.relays.running():
            await decide(town, [tenant])
            await eventually(lambda: feed.is_exact(worker))
        await send(feed, (b"key", b"at the end", [], n))
        last = await decide(town, [tenant])
        async with feed.relays.running():
            await feed.relays.reached(last)
            await eventually(lambda: feed.is_exact(worker))
    assert feed.failures == []
    assert skipped(feed) == 3


def skipped(feed: Feed) -> float | None:
    labels = {"source": feed.relays.source, "reason": "no-relay"}
    return REGISTRY.get_sample_value("rollbook_skipped_records_total", labels)


async def test_a_verified_fold_of_a_topic_skips_what_no_relay_wrote(
    feed: Feed, town: Running, worker: Connection
) -> None:
    await send(feed, *[(b"key", b"not JSON", [], n) for n in range(PARTITIONS)])
    last = await decide(town, [uuid7()])
    async with feed.relays.running():
        await feed.relays.reached(last)
    kafka, source, generation = feed.relays.kafka, feed.relays.source, feed.relays.generation
    places = await tail_places(kafka, source, generation)
    found = {record.position async for page in topic_until(kafka, source, generation, places) for record in page}
    assert found == {record.position for record in await records_of(worker)}


async def test_ET20_a_parked_fact_is_found_again_after_the_topic_was_made_anew(
    feed: Feed, town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant, other = uuid7(), next(one for one in iter(uuid7, None))
    saved = await shelf_with(town, tenant, "Emma", "Unreadable", "Persuasion")
    await decide(town, [other])

    async def parked() -> bool:
        return [row[2] for row in await parked_of(worker, tenant) if row[0] == feed.build.schema] == [
            "ValueError",
            "Waits",
        ]

    async def unparked() -> bool:
        return not [row for row in await parked_of(worker, tenant) if row[0] == feed.build.schema]

    async with feed.relays.running(), feed.running():
        await eventually(parked)
        monkeypatch.setattr(Library, "repaired", True)
        await worker.execute(
            "UPDATE parked SET kafka_offset = kafka_offset - 1, retry = true WHERE consumer = %s", (feed.build.schema,)
        )
        await eventually(unparked)
        await add_book(town.kernel.store, call_of(tenant), saved.id, "Sanditon")

        async def shown() -> bool:
            titles = await titles_of(worker, feed.build, tenant)
            return titles == ["Emma", "Persuasion", "Sanditon", "Unreadable"]

        await eventually(shown)
