"""The relay on a real Kafka: everything stored arrives, chained, whatever happens to relay and topic."""

import itertools
import socket
from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest

from infra.testing.harness import new_log
from shared import topics
from shared.chain import follow
from shared.database import Connection, connect
from shared.envelope import record_of
from shared.ids import uuid7
from shared.records import Record, partition_of
from tests.faults.town.proxy import Cut, proxied
from tests.shared.kafkas import Relays, delete_topic, eventually, messages_of, own_topic
from tests.shared.stores import (
    NOW,
    append,
    as_worker,
    call_of,
    event_of,
    member_of,
    new_shelf,
    records_of,
    store_on,
)

Dsns = dict[str, str]

GENERATIONS = itertools.count(1)


@pytest.fixture(scope="module")
async def dsns(postgres: str) -> AsyncIterator[Dsns]:
    async with new_log(postgres, "academic") as dsns:
        yield dsns


@pytest.fixture
async def relays(dsns: Dsns, kafka: str) -> AsyncIterator[Relays]:
    """The log of this file, each time under another name and generation."""
    generation = next(GENERATIONS)
    async with own_topic(kafka, generation) as source:
        yield Relays(dsns["worker"], kafka, source, generation)


@pytest.fixture
async def worker(dsns: Dsns) -> AsyncIterator[Connection]:
    async with await as_worker(dsns) as connection:
        yield connection


async def decide(dsns: Dsns, tenants: Sequence[UUID], books: int = 3) -> int:
    """Shelves and books of these tenants; the last position."""
    async with store_on(dsns["api"]) as store:
        for tenant in tenants:
            shelf = new_shelf(tenant)
            for number in range(books):
                shelf.add(f"Volume {number}", NOW)
            saved = await store.save(shelf, call=call_of(tenant, traceparent="00-trace"))
    return saved.token.position("academic", tenant)


async def arrived(relays: Relays) -> list[Record]:
    return [record_of(message) for message in await messages_of(relays.kafka, relays.topic)]


def exact(arrived: list[Record], stored: list[Record]) -> bool:
    """What a consumer from the beginning applies is the log, partition by partition."""
    applied = follow({}, arrived).fresh
    same = [(record.position, record.state) for record in sorted(applied, key=lambda one: one.position)]
    return same == [(record.position, record.state) for record in stored]


async def test_G6_all_events_arrive_chained_per_partition(relays: Relays, dsns: Dsns, worker: Connection) -> None:
    tenants = [uuid7() for _ in range(8)]
    last = await decide(dsns, tenants)
    async with relays.running():
        await relays.reached(last)
        last = await decide(dsns, tenants, books=1)
        await relays.reached(last)
    stored, found = await records_of(worker), await arrived(relays)
    assert exact(found, stored)
    assert len(found) == len(stored)
    assert all(record.partition == partition_of(record.tenant_id) for record in found)
    assert not follow({}, found).broken


async def test_a_record_is_a_cloud_event_with_the_stored_bytes(relays: Relays, dsns: Dsns, worker: Connection) -> None:
    tenant = uuid7()
    last = await decide(dsns, [tenant], books=1)
    async with relays.running():
        await relays.reached(last)
    put, added = [record for record in await records_of(worker) if record.tenant_id == tenant]
    messages: list[Any] = await messages_of(relays.kafka, relays.topic)
    message = next(one for one in messages if one.key == str(tenant).encode() and one.value == added.state)
    meta = orjson.loads(added.state)["meta"]
    assert {name: value.decode() for name, value in message.headers} == {
        "ce_specversion": "1.0",
        "ce_id": meta["event_id"],
        "ce_type": "academic.book_added",
        "ce_source": relays.source,
        "ce_subject": str(added.aggregate_id),
        "ce_time": added.recorded_at.isoformat(),
        "ce_tenant": str(tenant),
        "ce_position": str(added.position),
        "ce_previous": str(put.position),
        "ce_generation": str(relays.generation),
        "ce_dataschema": "2",
        "ce_version": "2",
        "content-type": "application/json",
        "correlation_id": meta["correlation_id"],
        "traceparent": "00-trace",
        "ce_traceparent": "00-trace",
    }
    assert message.timestamp_type == 1
    assert vars_of(record_of(message)) == vars_of(added)


def vars_of(record: Record) -> tuple[Any, ...]:
    return (record.position, record.tenant_id, record.aggregate_id, record.version, record.topic, record.recorded_at)


async def test_ET6_a_crash_between_acknowledgement_and_position_sends_nothing_twice(
    relays: Relays, dsns: Dsns, worker: Connection
) -> None:
    last = await decide(dsns, [uuid7() for _ in range(3)])
    async with proxied(dsns["worker"]) as proxy:
        proxy.arm(b"UPDATE relay SET position", Cut.REQUEST)
        async with relays.running(dsn=proxy.dsn):
            await relays.reached(last)
    assert proxy.cuts == 1
    assert len(relays.runs) == 2
    assert [record.position for record in sorted(await arrived(relays), key=lambda one: one.position)] == [
        record.position for record in await records_of(worker)
    ]


@pytest.mark.parametrize(
    "loss",
    [
        "DELETE FROM relay WHERE generation = %(g)s",
        "DELETE FROM relay_partitions WHERE generation = %(g)s",
        "UPDATE relay_partitions SET position = 1, event_id = 'x' WHERE generation = %(g)s AND partition < 6",
        "UPDATE relay SET position = 1 WHERE generation = %(g)s",
        "UPDATE relay_partitions SET kafka_offset = -1 WHERE generation = %(g)s",
    ],
    ids=["page", "partitions", "partitions behind", "page behind", "offsets"],
)
async def test_ET6_positions_that_were_lost_are_found_in_the_topic(
    relays: Relays, dsns: Dsns, worker: Connection, loss: str
) -> None:
    last = await decide(dsns, [uuid7() for _ in range(3)])
    async with relays.running():
        await relays.reached(last)
    before = len(await arrived(relays))
    await worker.execute(loss.encode(), {"g": relays.generation})
    last = await decide(dsns, [uuid7()], books=0)
    async with relays.running():
        await relays.reached(last)
    found = await arrived(relays)
    assert exact(found, await records_of(worker))
    assert len(found) == before + 1


async def test_G6_a_topic_that_was_lost_is_published_again_from_position_1(
    relays: Relays, dsns: Dsns, worker: Connection
) -> None:
    last = await decide(dsns, [uuid7() for _ in range(3)])
    async with relays.running():
        await relays.reached(last)
    await delete_topic(relays.kafka, relays.topic)
    async with relays.running():
        await eventually_exact(relays, worker)


async def test_ET10_a_topic_made_anew_while_the_relay_runs_is_published_again(
    relays: Relays, dsns: Dsns, worker: Connection
) -> None:
    tenants = [uuid7() for _ in range(3)]
    last = await decide(dsns, tenants)
    async with relays.running():
        await relays.reached(last)
        await delete_topic(relays.kafka, relays.topic)
        await topics.ensure(relays.kafka, relays.source, relays.generation)
        await decide(dsns, tenants)
        await eventually_exact(relays, worker)
    assert relays.failures[:1] == ["TopicChanged"]


async def test_ET10_a_topic_made_anew_while_nothing_happens_is_noticed(
    relays: Relays, dsns: Dsns, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.LOOK_EVERY", 0.1)
    last = await decide(dsns, [uuid7() for _ in range(3)])
    async with relays.running():
        await relays.reached(last)
        await delete_topic(relays.kafka, relays.topic)
        await topics.ensure(relays.kafka, relays.source, relays.generation)
        await eventually_exact(relays, worker)


async def eventually_exact(relays: Relays, worker: Connection) -> None:
    stored = await records_of(worker)

    async def is_exact() -> bool:
        return exact(await arrived(relays), stored)

    await eventually(is_exact)


async def test_G7_two_relays_at_once_leave_an_unbroken_chain(
    relays: Relays, dsns: Dsns, kafka: str, worker: Connection
) -> None:
    """The second takes another lock: so does one whose session ended while it was frozen."""
    last = await decide(dsns, [uuid7() for _ in range(3)])
    other = Relays(dsns["worker"], kafka, relays.source, relays.generation)
    async with relays.running():
        await relays.reached(last)
        async with other.running("another relay"):
            await other.reached(last)
            for _ in range(5):
                last = await decide(dsns, [uuid7() for _ in range(5)])
            await eventually(lambda: one_has_failed(relays, other))
            await eventually_exact(relays, worker)
            await relays.reached(last)
    assert set(relays.failures + other.failures) <= {"Deposed", "TopicChanged"}


async def one_has_failed(*relays: Relays) -> bool:
    return any(one.failures for one in relays)


async def test_large_events_travel_in_several_batches(relays: Relays, dsns: Dsns, worker: Connection) -> None:
    tenant = uuid7()
    async with store_on(dsns["api"]) as store:
        shelf = new_shelf(tenant, "x" * 250_000)
        for number in range(6):
            shelf.add(f"{number}" * 200_000, NOW)
        saved = await store.save(shelf, call=call_of(tenant))
    async with relays.running():
        await relays.reached(saved.token.position("academic", tenant))
    found = await arrived(relays)
    assert exact(found, await records_of(worker))


async def test_records_that_the_log_does_not_have_stop_the_relay(
    relays: Relays, dsns: Dsns, kafka: str, empty_log: Dsns
) -> None:
    """A dump was restored: what is stored now must not follow on another history."""
    last = await decide(dsns, [uuid7() for _ in range(3)])
    async with relays.running():
        await relays.reached(last)
    before = len(await arrived(relays))
    restored = Relays(empty_log["worker"], kafka, relays.source, relays.generation)
    for _ in range(2):
        async with restored.running():
            await eventually(lambda: one_has_failed(restored))
        await decide(empty_log, [uuid7()] * 30)
        assert set(restored.failures) == {"UnknownRecords"}
        restored.failures.clear()
    assert len(await arrived(relays)) == before


async def test_G6_a_relay_without_a_broker_tries_again_and_ends_at_once(dsns: Dsns) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    relays = Relays(dsns["worker"], f"127.0.0.1:{port}", "nobody", next(GENERATIONS))
    async with relays.running():
        await eventually(lambda: one_has_failed(relays))
    assert set(relays.failures) == {"KafkaConnectionError"}


@pytest.mark.parametrize("state", [b"\xff\x00 no JSON", b"{}", b'{"meta": 3}'])
async def test_G13_an_event_that_nobody_can_read_travels_like_any_other(
    relays: Relays, dsns: Dsns, worker: Connection, state: bytes
) -> None:
    """One tenant's bad bytes must not keep the events of all others from Kafka."""
    tenant = uuid7()
    async with await connect(dsns["api"], search_path="academic") as connection:
        await append(connection, member_of(event_of(tenant, state=state)))
    last = await decide(dsns, [tenant, uuid7()])
    for _ in range(2):
        async with relays.running():
            await relays.reached(last)
    found = await arrived(relays)
    assert exact(found, await records_of(worker))
    assert relays.failures == []
