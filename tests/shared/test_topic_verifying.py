"""A topic compared with its log on a real Kafka, and a relay set back where the topic lacks something."""

import itertools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from infra.testing.harness import new_log
from shared.chain import Place, follow
from shared.database import Connection
from shared.envelope import record_of
from shared.ids import uuid7
from shared.operator.actions import Operator
from shared.operator.rewinding import TopicForked, ends_to_go_back_to, rewind
from shared.operator.topic_verifying import Fault, Findings, first_fault, verify_topic
from shared.records import partition_of
from tests.shared.kafkas import Relays, eventually, messages_of, own_topic
from tests.shared.stores import as_worker, call_of, new_shelf, store_on
from tests.shared.topic_changes import hole, relinked, replace_topic, with_value, without_headers

Dsns = dict[str, str]
GENERATIONS = itertools.count(1)
BOOKS = 7
TENANT = uuid7()
OTHER = next(one for one in iter(uuid7, None) if partition_of(one) != partition_of(TENANT))
HERE = partition_of(TENANT)
OPERATOR = Operator("cli:test")


@pytest.fixture(scope="module")
async def dsns(postgres: str) -> AsyncIterator[Dsns]:
    """A log of two schools, in which every second event is of the other one."""
    async with new_log(postgres, "academic") as dsns:
        await decide(dsns, BOOKS)
        yield dsns


@pytest.fixture
async def worker(dsns: Dsns) -> AsyncIterator[Connection]:
    async with await as_worker(dsns) as connection:
        yield connection


@pytest.fixture
async def relays(dsns: Dsns, kafka: str, worker: Connection) -> AsyncIterator[Relays]:
    """The log of this file, published under a name and generation of its own; the relay has stopped."""
    generation = next(GENERATIONS)
    async with own_topic(kafka, generation) as source:
        relays = Relays(dsns["worker"], kafka, source, generation)
        async with relays.running():
            await relays.reached(await head(worker))
        yield relays


async def decide(dsns: Dsns, books: int) -> None:
    async with store_on(dsns["api"]) as store:
        for _ in range(books):
            for tenant in (TENANT, OTHER):
                await store.save(new_shelf(tenant), call=call_of(tenant))


async def head(worker: Connection) -> int:
    cursor = await worker.execute("SELECT log_head()")
    return int((await cursor.fetchall())[0][0])


async def verified(relays: Relays, worker: Connection) -> dict[int, Findings]:
    return await verify_topic(worker, relays.kafka, relays.source, relays.generation)


async def test_G6_a_topic_that_holds_the_log_is_found_good(relays: Relays, worker: Connection) -> None:
    findings = await verified(relays, worker)
    assert first_fault(findings) is None
    assert sum(found.events for found in findings.values()) == await head(worker)


async def test_G6_what_is_not_published_yet_is_no_fault(relays: Relays, dsns: Dsns, worker: Connection) -> None:
    await decide(dsns, 1)
    findings = await verified(relays, worker)
    assert first_fault(findings) is None
    assert sum(found.lacking for found in findings.values()) == 0


async def test_copies_and_foreign_messages_are_counted_and_do_no_harm(relays: Relays, worker: Connection) -> None:
    foreign = (await messages_of(relays.kafka, relays.topic))[0]
    await replace_topic(relays, HERE, lambda ours: [*ours, ours[1], without_headers(foreign, HERE)])
    findings = await verified(relays, worker)
    assert first_fault(findings) is None
    assert (findings[HERE].duplicates, findings[HERE].foreign) == (1, 1)


async def test_G6_a_hole_behind_which_other_records_stand_is_named(relays: Relays, worker: Connection) -> None:
    positions = await replace_topic(relays, HERE, hole)
    async with relays.running():
        assert (await verified(relays, worker))[HERE].fault == Fault(HERE, positions[2], "missing")
    findings = (await verified(relays, worker))[HERE]
    assert (findings.events, findings.broken, findings.lacking) == (2, len(positions) - 4, len(positions) - 2)


@pytest.mark.parametrize(
    ("change", "wrong", "which"),
    [
        (lambda ours: [ours[0], with_value(ours[1], b"{}"), *ours[2:]], "differs", 1),
        (lambda ours: [ours[0], relinked(ours[2], dict(ours[1].headers)["ce_previous"]), *ours[3:]], "left out", 1),
        (lambda ours: ours[:3], "missing", 3),
        (lambda ours: [], "missing", 0),
    ],
    ids=["other bytes", "passed over", "lost end", "empty"],
)
async def test_G6_whatever_is_wrong_is_named_by_its_first_position(
    relays: Relays, worker: Connection, change: Callable[[list[Any]], list[Any]], wrong: str, which: int
) -> None:
    positions = await replace_topic(relays, HERE, change)
    fault = first_fault(await verified(relays, worker))
    assert fault is not None
    assert (fault.position, fault.wrong) == (positions[which], wrong)


async def test_G6_records_that_the_log_does_not_have_are_named(
    relays: Relays, empty_log: Dsns, worker: Connection
) -> None:
    async with await as_worker(empty_log) as restored:
        findings = await verify_topic(restored, relays.kafka, relays.source, relays.generation)
    fault = first_fault(findings)
    assert fault is not None
    assert fault.wrong == "unknown"
    with pytest.raises(TopicForked):
        ends_to_go_back_to(findings)


@pytest.mark.parametrize("state", ["stopped", "at work", "idle"])
async def test_G6_a_hole_is_filled_by_a_relay_that_was_set_back(
    relays: Relays, dsns: Dsns, worker: Connection, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    monkeypatch.setattr("shared.relay.LOOK_EVERY", 0.2)
    ahead = follow({}, [record_of(one) for one in await messages_of(relays.kafka, relays.topic)]).places
    await replace_topic(relays, HERE, hole)
    if state == "stopped":
        await repair(relays, worker)
    async with relays.running():
        await relays.reached(await head(worker) if state != "stopped" else 0)
        if state != "stopped":
            await repair(relays, worker)
        if state == "at work":
            await decide(dsns, 1)
        await eventually(lambda: is_good(relays, worker))
        assert set(relays.failures) <= {"Deposed"}
    found = [record_of(message) for message in await messages_of(relays.kafka, relays.topic)]
    everything = follow({}, found).fresh
    assert sorted(record.position for record in everything) == list(range(1, await head(worker) + 1))
    again = follow({n: Place(place.position) for n, place in ahead.items()}, found).fresh
    assert {one.position for one in again} == {one.position for one in everything if one.position > max_of(ahead, one)}


def max_of(places: dict[int, Place], record: Any) -> int:
    return places.get(record.partition, Place(0)).position


async def repair(relays: Relays, worker: Connection) -> None:
    ends = ends_to_go_back_to(await verified(relays, worker))
    assert set(ends) == {HERE}
    await rewind(worker, OPERATOR, relays.generation, ends)


async def is_good(relays: Relays, worker: Connection) -> bool:
    findings = await verified(relays, worker)
    return first_fault(findings) is None and sum(found.events for found in findings.values()) == await head(worker)


async def test_G6_a_topic_in_order_is_not_sent_again_by_a_relay_that_was_set_back(
    relays: Relays, worker: Connection
) -> None:
    before = len(await messages_of(relays.kafka, relays.topic))
    await rewind(
        worker, OPERATOR, relays.generation, {HERE: (await verified(relays, worker))[HERE].end._replace(position=1)}
    )
    async with relays.running():
        await relays.reached(await head(worker))
    assert len(await messages_of(relays.kafka, relays.topic)) == before
