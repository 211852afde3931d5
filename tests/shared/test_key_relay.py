"""Personal keys between services: there before what they seal, erased for good."""

import asyncio
import functools
import itertools
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from infra.testing.harness import Running
from shared import topics
from shared.database import Connection
from shared.ids import uuid7
from shared.key_relay import KeyRelay, KeysLost, SentKey, follow_keys, key_of, keys_of, read_all, store_keys
from shared.members import PersonalKey
from shared.personal import KeyAbsent, Keyring, PersonErased
from shared.records import partition_of
from tests.shared.kafkas import Relays, delete_topic, eventually, messages_of, own_topic
from tests.shared.stores import as_worker, call_of, new_shelf

GENERATIONS = itertools.count(1)


@pytest.fixture
async def relays(town: Running, kafka: str) -> AsyncIterator[Relays]:
    generation = next(GENERATIONS)
    async with own_topic(kafka, generation) as source:
        yield Relays(town.dsns["worker"], kafka, source, generation)


@asynccontextmanager
async def producing(kafka: str, kind: type[AIOKafkaProducer] = AIOKafkaProducer) -> AsyncIterator[AIOKafkaProducer]:
    producer = kind(bootstrap_servers=kafka, enable_idempotence=True)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


async def a_key(town: Running, tenant: UUID, person: UUID) -> PersonalKey:
    [key] = (await town.kernel.keyring.sealer(tenant, person)).new
    return key


async def save_key(town: Running, tenant: UUID, person: UUID) -> PersonalKey:
    key = await a_key(town, tenant, person)
    await town.kernel.store.save(new_shelf(tenant), call=call_of(tenant), keys=[key])
    return key


async def erase(town: Running, tenant: UUID, person: UUID) -> None:
    await town.kernel.store.save(new_shelf(tenant), call=call_of(tenant), keys=[Keyring.erased(tenant, person)])


async def in_topic(kafka: str, tenant: UUID) -> list[bytes | None]:
    """What the topic holds of a tenant, in order."""
    return [key.wrapped for key in map(key_of, await read_all(kafka)) if key.tenant_id == tenant]


async def stored(worker: Connection, tenant: UUID) -> list[tuple[Any, ...]]:
    """(wrapped, own, published)"""
    cursor = await worker.execute("SELECT wrapped, own, published FROM personal_keys WHERE tenant_id = %s", (tenant,))
    return await cursor.fetchall()


def sent(tenant: UUID, person: UUID, wrapped: bytes | None, service: str = "other") -> SentKey:
    text = None if wrapped is None else b64encode(wrapped).decode()
    return SentKey(str(tenant), str(person), 1, text, service)


async def test_N6_a_key_is_acknowledged_before_any_fact_that_it_seals(town: Running, relays: Relays) -> None:
    people = [(uuid7(), uuid7()) for _ in range(10)]
    done = asyncio.Event()

    async def look() -> int:
        """Whenever a fact is seen, its key is there."""
        looks = 0
        while not done.is_set():
            facts = {message.key.decode() for message in await messages_of(relays.kafka, relays.topic)}
            keys = {str(key.tenant_id) for key in map(key_of, await read_all(relays.kafka))}
            assert {str(tenant) for tenant, _ in people} & facts <= keys
            looks += 1
        return looks

    async with relays.running():
        looking = asyncio.create_task(look())
        for tenant, person in people:
            await save_key(town, tenant, person)
        for tenant, _ in people:
            await eventually(functools.partial(in_topic, relays.kafka, tenant))

        async def all_sent() -> bool:
            facts = {message.key.decode() for message in await messages_of(relays.kafka, relays.topic)}
            return {str(tenant) for tenant, _ in people} <= facts

        await eventually(all_sent)
        done.set()
        assert await looking > 1


async def test_G24_an_erasure_reaches_the_other_services(
    town: Running, worker: Connection, relays: Relays, empty_log: dict[str, str]
) -> None:
    """The other service is another log that reads the topic."""
    tenant, person = uuid7(), uuid7()
    key = await save_key(town, tenant, person)
    async with await as_worker(empty_log) as other, await as_worker(empty_log) as reader:
        following = asyncio.create_task(follow_keys(reader, relays.kafka))
        async with relays.running():
            await eventually(lambda: stored(other, tenant))
            assert await stored(other, tenant) == [(key.wrapped, False, True)]
            await erase(town, tenant, person)

            async def erased() -> bool:
                return await stored(other, tenant) == [(None, False, True)]

            await eventually(erased)
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
    assert await in_topic(relays.kafka, tenant) == [key.wrapped, None]
    with pytest.raises(PersonErased):
        await town.kernel.keyring.sealer(tenant, person)
    assert await stored(worker, tenant) == [(None, True, True)]


async def test_N6_a_topic_that_lost_keys_gets_them_again(town: Running, worker: Connection, relays: Relays) -> None:
    tenant, person, gone = uuid7(), uuid7(), uuid7()
    key = await save_key(town, tenant, person)
    await save_key(town, gone, uuid7())
    await worker.execute("UPDATE personal_keys SET published = true WHERE tenant_id = ANY(%s)", ([tenant, gone],))
    await worker.execute("UPDATE personal_keys SET wrapped = NULL, own = false WHERE tenant_id = %s", (gone,))
    async with relays.running():
        await eventually(lambda: in_topic(relays.kafka, tenant))
        await eventually(lambda: in_topic(relays.kafka, gone))
    assert await in_topic(relays.kafka, tenant) == [key.wrapped]
    assert await in_topic(relays.kafka, gone) == [None]


async def test_G6_keys_are_sent_again_when_their_topic_alone_is_made_anew(
    town: Running, worker: Connection, relays: Relays, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.relay.LOOK_EVERY", 0.2)
    tenant, person = uuid7(), uuid7()
    key = await save_key(town, tenant, person)
    async with relays.running():
        await eventually(lambda: in_topic(relays.kafka, tenant))
        await delete_topic(relays.kafka, topics.PERSONAL_KEYS)
        await topics.ensure_personal_keys(relays.kafka)
        await eventually(lambda: in_topic(relays.kafka, tenant))
    assert await in_topic(relays.kafka, tenant) == [key.wrapped]


async def test_G6_a_topic_of_keys_that_was_made_anew_and_filled_past_its_old_end_is_noticed(
    town: Running, worker: Connection, kafka: str
) -> None:
    await delete_topic(kafka, topics.PERSONAL_KEYS)
    await topics.ensure_personal_keys(kafka)
    tenant = uuid7()
    async with producing(kafka) as producer:
        relay = KeyRelay(worker, producer, "academic")
        await send_raw(producer, sent(tenant, uuid7(), None))
        await relay.resume(kafka)
        await send_raw(producer, sent(tenant, uuid7(), None))
        await relay.look(kafka)
    await delete_topic(kafka, topics.PERSONAL_KEYS)
    await topics.ensure_personal_keys(kafka)
    async with producing(kafka) as producer:
        for _ in range(3):
            await send_raw(producer, sent(tenant, uuid7(), None))
    with pytest.raises(KeysLost):
        await relay.look(kafka)


async def test_G24_a_key_erased_while_it_was_sent_is_erased_in_the_topic_too(
    town: Running, worker: Connection, kafka: str
) -> None:
    tenant, person = uuid7(), uuid7()
    await topics.ensure_personal_keys(kafka)
    await save_key(town, tenant, person)

    class Slow(AIOKafkaProducer):  # type: ignore[misc]
        async def send(self, *args: Any, **kwargs: Any) -> Any:
            if not await erased_here():
                await erase(town, tenant, person)
            return await super().send(*args, **kwargs)

    async def erased_here() -> bool:
        return [row[0] for row in await stored(worker, tenant)] == [None]

    async with producing(kafka, Slow) as producer:
        await KeyRelay(worker, producer, "academic").send()
    *_, last = await in_topic(kafka, tenant)
    assert last is None
    assert await stored(worker, tenant) == [(None, True, True)]


async def test_G24_a_marker_in_the_topic_is_never_followed_by_the_key_again(
    town: Running, worker: Connection, kafka: str
) -> None:
    """Another service erased the person; compaction left its marker alone, and this one has not read it yet."""
    tenant, person = uuid7(), uuid7()
    await topics.ensure_personal_keys(kafka)
    await save_key(town, tenant, person)
    await worker.execute("UPDATE personal_keys SET published = true WHERE tenant_id = %s", (tenant,))
    async with producing(kafka) as producer:
        await send_raw(producer, sent(tenant, person, None))
        relay = KeyRelay(worker, producer, "academic")
        await relay.resume(kafka)
        await relay.send()
    assert set(await in_topic(kafka, tenant)) == {None}
    assert [row[0] for row in await stored(worker, tenant)] == [None]


async def send_raw(producer: AIOKafkaProducer, key: SentKey) -> None:
    value = (
        f'{{"tenant": "{key.tenant_id}", "person": "{key.person_id}", "version": 1, "wrapped": null,'
        f' "service": "{key.service}"}}'
    )
    name = f"{key.tenant_id}:{key.person_id}".encode()
    partition = partition_of(key.tenant_id)
    await producer.send_and_wait(topics.PERSONAL_KEYS, value.encode(), key=name, partition=partition)


@pytest.mark.parametrize("order", [[None, b"key"], [b"key", None], [b"key", None, b"key"], [None, None], [None]])
@pytest.mark.parametrize("together", [True, False])
async def test_N6_erased_stays_erased_in_whatever_order_key_and_marker_come(
    worker: Connection, order: list[bytes | None], together: bool
) -> None:
    tenant, person = uuid7(), uuid7()
    keys = [sent(tenant, person, wrapped) for wrapped in order]
    for batch in [keys] if together else [[key] for key in keys]:
        await store_keys(worker, batch)
    assert await stored(worker, tenant) == [(None, False, True)]


async def test_N6_a_key_that_came_first_stays(worker: Connection) -> None:
    tenant, person = uuid7(), uuid7()
    for wrapped in (b"first", b"second"):
        await store_keys(worker, [sent(tenant, person, wrapped), sent(tenant, uuid7(), wrapped)])
    assert (b"first", False, True) in await stored(worker, tenant)
    await store_keys(worker, [])


async def test_N6_present_erased_and_absent_are_told_apart(town: Running, worker: Connection) -> None:
    tenant, present, erased, absent = uuid7(), uuid7(), uuid7(), uuid7()
    keyring = town.kernel.keyring
    sealers = await keyring.sealers(tenant, [present, erased, absent])
    texts = {person: sealers[person].seal("name", "Ann") for person in sealers}
    keys = [key for person in (present, erased) for key in sealers[person].new]
    await town.kernel.store.save(new_shelf(tenant), call=call_of(tenant), keys=keys)
    await erase(town, tenant, erased)
    wanted = [(person, "name", texts[person]) for person in (present, erased)]
    assert await keyring.open(tenant, [*wanted, (absent, "name", None)]) == ["Ann", None, None]
    with pytest.raises(KeyAbsent):
        await keyring.open(tenant, [*wanted, (absent, "name", texts[absent])])
    with pytest.raises(KeyAbsent):
        await keyring.open(uuid7(), wanted)


class Written:
    """A message in the topic."""

    partition, offset = 0, 7

    def __init__(self, value: bytes | None, key: bytes = b"key") -> None:
        self.value = value
        self.key = key


def test_N6_what_no_service_wrote_does_not_stop_the_keys_behind_it() -> None:
    tenant, person = uuid7(), uuid7()
    good = {"tenant": str(tenant), "person": str(person), "version": 1, "wrapped": None, "service": "auth"}
    strange: list[object] = [
        {**good, "tenant": "nobody"},
        {**good, "person": 5},
        {**good, "version": None},
        {**good, "more": 1},
        {"tenant": str(tenant)},
        [],
    ]
    values = [None, b"", b"\xff", *(orjson.dumps(value) for value in strange), orjson.dumps(good)]
    [key] = keys_of(Written(value) for value in values)
    assert (key.tenant_id, key.person_id, key.wrapped) == (tenant, person, None)
