"""The topic of personal keys forgets an erased person's key, also when nothing else is written to it."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest

from infra.testing.harness import Running
from shared import topics
from shared.database import Connection
from shared.ids import uuid7
from shared.key_relay import BEAT, KeyRelay, keys_of, read_all
from shared.personal import Keyring
from shared.records import PARTITIONS
from tests.shared.kafkas import Relays, eventually, messages_of, own_topic
from tests.shared.stores import call_of
from tests.shared.test_key_relay import Written, in_topic, producing, save_key

GENERATIONS = itertools.count(1)


@pytest.fixture
async def relays(town: Running, kafka: str) -> AsyncIterator[Relays]:
    generation = next(GENERATIONS)
    async with own_topic(kafka, generation) as source:
        yield Relays(town.dsns["worker"], kafka, source, generation)


async def test_G24_a_topic_at_rest_gets_a_heartbeat_in_each_partition_so_that_erased_keys_are_compacted(
    relays: Relays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.key_relay.BEAT_EVERY", 0.1)

    async def beats() -> Counter[int]:
        """By partition."""
        return Counter(one.partition for one in await messages_of(relays.kafka, topics.PERSONAL_KEYS) if is_beat(one))

    async def twice_more() -> bool:
        now = await beats()
        return all(now[n] >= before[n] + 2 for n in range(PARTITIONS))

    before = await beats()
    async with relays.running():
        await eventually(twice_more)
    assert all(message.key != BEAT for message in await read_all(relays.kafka))


def is_beat(message: Any) -> bool:
    return bool(message.key == BEAT)


async def test_G24_a_relay_beats_once_an_hour(town: Running, worker: Connection, kafka: str) -> None:
    await topics.ensure_personal_keys(kafka)
    async with producing(kafka) as producer:
        relay = KeyRelay(worker, producer, "academic")
        before = len([one for one in await messages_of(kafka, topics.PERSONAL_KEYS) if is_beat(one)])
        for _ in range(3):
            await relay.beat()
    after = len([one for one in await messages_of(kafka, topics.PERSONAL_KEYS) if is_beat(one)])
    assert after - before == PARTITIONS


def test_G24_a_heartbeat_is_no_key_and_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    assert keys_of([Written(b'{"heartbeat": "auth"}', BEAT)]) == []
    assert not caplog.records


async def test_G24_an_erasure_that_stores_no_event_is_sent_all_the_same(town: Running, relays: Relays) -> None:
    tenant, person = uuid7(), uuid7()
    key = await save_key(town, tenant, person)
    async with relays.running():
        await eventually(lambda: in_topic(relays.kafka, tenant))
        await town.kernel.store.save(call=call_of(tenant), keys=[Keyring.erased(tenant, person)])

        async def erased() -> bool:
            return await in_topic(relays.kafka, tenant) == [key.wrapped, None]

        await eventually(erased)
