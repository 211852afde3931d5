"""Topics are made with the settings that chain and erasure need, and refused with others."""

import asyncio
import gc
import secrets
import warnings
from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import NewTopic
from aiokafka.consumer.group_coordinator import NoGroupCoordinator

from shared import topics
from shared.records import PARTITIONS
from shared.topics import EVENT_SETTINGS, WrongTopic, ensure, ensure_personal_keys, events_topic, newest_generation
from tests.shared.kafkas import admin, delete_topic


@pytest.fixture
async def name(kafka: str) -> AsyncIterator[str]:
    name = f"t{secrets.token_hex(6)}"
    yield name
    for generation in (1, 2, 10):
        await delete_topic(kafka, events_topic(name, generation))


async def test_DS14_a_topic_is_made_once_and_its_settings_are_read_back(kafka: str, name: str) -> None:
    assert await newest_generation(kafka, name) is None
    for _ in range(2):
        await ensure(kafka, name, 1)
    async with admin(kafka) as client:
        [described] = await client.describe_topics([events_topic(name, 1)])
    assert len(described["partitions"]) == PARTITIONS


async def test_the_newest_generation_is_the_highest_number(kafka: str, name: str) -> None:
    for generation in (2, 10, 1):
        await ensure(kafka, name, generation)
    assert await newest_generation(kafka, name) == 10
    assert await newest_generation(kafka, name[:-1]) is None


@pytest.mark.parametrize(
    ("partitions", "settings"),
    [
        (3, EVENT_SETTINGS),
        (PARTITIONS, EVENT_SETTINGS | {"retention.ms": "604800000"}),
        (PARTITIONS, EVENT_SETTINGS | {"message.timestamp.type": "CreateTime"}),
        (PARTITIONS, EVENT_SETTINGS | {"cleanup.policy": "compact"}),
    ],
    ids=["partitions", "retention", "timestamps", "compaction"],
)
async def test_TRAP_ES51_a_topic_that_would_lose_or_reorder_history_is_refused(
    kafka: str, name: str, partitions: int, settings: dict[str, str]
) -> None:
    async with admin(kafka) as client:
        await client.create_topics([NewTopic(events_topic(name, 1), partitions, 1, topic_configs=dict(settings))])
    with pytest.raises(WrongTopic, match=name):
        await ensure(kafka, name, 1)


async def test_G24_the_topic_of_keys_is_compacted_within_an_hour(kafka: str) -> None:
    for _ in range(2):
        await ensure_personal_keys(kafka)
    async with admin(kafka) as client:
        found = await topics._settings_of(client, topics.PERSONAL_KEYS)
    assert found["cleanup.policy"] == "compact"
    assert int(found["max.compaction.lag.ms"]) <= 3_600_000


async def test_TRAP_a_consumer_that_meets_a_cancellation_of_its_own_is_closed_all_the_same(
    kafka: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = NoGroupCoordinator.close

    async def leak(self: NoGroupCoordinator) -> None:
        await close(self)
        raise asyncio.CancelledError

    monkeypatch.setattr(NoGroupCoordinator, "close", leak)
    async with topics.looking(kafka) as consumer:
        await consumer.topics()
        assert any(one.connected() for one in consumer._client._conns.values())
    assert not any(one.connected() for one in consumer._client._conns.values())


async def test_a_look_that_is_cancelled_while_it_starts_leaves_no_connection_open(kafka: str) -> None:
    """Wherever in its start: the library forgets the connection by which it asks its first broker."""

    async def look() -> None:
        async with topics.looking(kafka):
            await asyncio.Event().wait()

    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always")
        for turn in range(80):
            looking = asyncio.create_task(look())
            await asyncio.sleep(turn * 0.0002)
            looking.cancel()
            await asyncio.wait([looking])
        gc.collect()
    assert [str(one.message) for one in left] == []
