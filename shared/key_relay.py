"""Personal keys on their way to the other services: a key is acknowledged before anything sealed with it is sent."""

import asyncio
import logging
from base64 import b64decode, b64encode
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Partition

from shared.database import Connection
from shared.pulse import beat
from shared.records import PARTITIONS, partition_of
from shared.topics import PERSONAL_KEYS, looking, messages_at, whole_start

log = logging.getLogger(__name__)

PAGE = 1_000
BEAT = b"heartbeat"
BEAT_EVERY = 3600.0
"""Kafka compacts only what lies behind the segment that is written to, and a new segment begins only when something
is written: without a heartbeat the key of an erased person would stay in a topic that is at rest."""


class KeysLost(Exception):
    """The topic does not hold what it ended with before: it was made anew. What was sent must be sent again."""


class Last(NamedTuple):
    """The record that a partition ended with. It may be compacted away later, but no other takes its offset."""

    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None


class KeyRelay:
    """Sends this service's own keys, and the markers of erased people, to the compacted topic."""

    def __init__(self, connection: Connection, producer: AIOKafkaProducer, service: str) -> None:
        self._connection = connection
        self._producer = producer
        self._service = service
        self._last: dict[int, Last] = {}
        self._beats_at = 0.0

    async def resume(self, kafka: str) -> None:
        """Marks what the topic has lost as unsent, so that a lost Kafka heals.

        A marker in the topic takes the place of the key, whoever sent it: it is stored before anything is sent."""
        async with looking(kafka) as consumer:
            self._last = await last_records(consumer)
        keys = keys_of(await read_all(kafka))
        await store_keys(self._connection, [key for key in keys if key.wrapped is None])
        there = {(key.tenant_id, key.person_id, key.wrapped is None) for key in keys}
        cursor = await self._connection.execute(
            "SELECT tenant_id, person_id, wrapped IS NULL FROM personal_keys"
            " WHERE (own OR wrapped IS NULL) AND published"
        )
        lost = [row for row in await cursor.fetchall() if row not in there]
        await self._mark(lost, published=False)

    async def look(self, kafka: str) -> None:
        """A topic may be lost while nothing is sent to it. Raises KeysLost; the next run resumes."""
        async with looking(kafka) as consumer:
            if not await still_holds(consumer, self._last):
                raise KeysLost
            self._last = await last_records(consumer)

    async def beat(self) -> None:
        """A record in each partition, once an hour."""
        now = asyncio.get_running_loop().time()
        if now < self._beats_at:
            return
        value = orjson.dumps({"heartbeat": self._service})
        sent = [await self._producer.send(PERSONAL_KEYS, value, key=BEAT, partition=n) for n in range(PARTITIONS)]
        await asyncio.gather(*sent)
        self._beats_at = now + BEAT_EVERY

    async def send(self) -> None:
        while True:
            cursor = await self._connection.execute(
                "SELECT tenant_id, person_id, key_version, wrapped FROM personal_keys WHERE NOT published"
                " ORDER BY tenant_id LIMIT %s",
                (PAGE,),
            )
            rows = await cursor.fetchall()
            if not rows:
                return
            sent = []
            for tenant_id, person_id, version, wrapped in rows:
                value = {
                    "tenant": str(tenant_id),
                    "person": str(person_id),
                    "version": version,
                    "wrapped": b64encode(wrapped).decode() if wrapped is not None else None,
                    "service": self._service,
                }
                sent.append(
                    await self._producer.send(
                        PERSONAL_KEYS,
                        orjson.dumps(value),
                        key=f"{tenant_id}:{person_id}".encode(),
                        partition=partition_of(tenant_id),
                    )
                )
            await asyncio.gather(*sent)
            await self._mark([(row[0], row[1], row[3] is None) for row in rows], published=True)

    async def _mark(self, keys: list[tuple[UUID, UUID, bool]], *, published: bool) -> None:
        """(tenant, person, erased). A person who was erased meanwhile has another key than the one that was sent."""
        await self._connection.execute(
            "UPDATE personal_keys k SET published = %s"
            " FROM unnest(%s::uuid[], %s::uuid[], %s::bool[]) m(tenant_id, person_id, erased)"
            " WHERE k.tenant_id = m.tenant_id AND k.person_id = m.person_id AND (k.wrapped IS NULL) = m.erased",
            (published, [key[0] for key in keys], [key[1] for key in keys], [key[2] for key in keys]),
        )


class SentKey:
    """A key or an erased marker as the topic holds it."""

    def __init__(self, tenant: str, person: str, version: int, wrapped: str | None, service: str) -> None:
        self.tenant_id = UUID(tenant)
        self.person_id = UUID(person)
        self.version = int(version)
        self.wrapped = None if wrapped is None else b64decode(wrapped)
        self.service = service


def key_of(message: Any) -> SentKey:
    """Raises ValueError, TypeError or AttributeError for a message that no service wrote."""
    return SentKey(**orjson.loads(message.value))


def keys_of(messages: Iterable[Any]) -> list[SentKey]:
    """What no service wrote is skipped: it must not stop the keys behind it, nor the relay."""
    keys = []
    for message in messages:
        if message.key == BEAT:
            continue
        try:
            keys.append(key_of(message))
        except (ValueError, TypeError, AttributeError) as error:
            log.error(
                "%s/%s: offset %s is skipped: %s",
                PERSONAL_KEYS,
                message.partition,
                message.offset,
                type(error).__name__,
            )
    return keys


async def last_records(consumer: AIOKafkaConsumer) -> dict[int, Last]:
    """partition → what it ends with."""
    ends = await consumer.end_offsets([Partition(PERSONAL_KEYS, n) for n in range(PARTITIONS)])
    return await _records_at(consumer, {partition.partition: end - 1 for partition, end in ends.items() if end})


async def still_holds(consumer: AIOKafkaConsumer, known: Mapping[int, Last]) -> bool:
    """Whether the topic is the one that ended with these records, and not one that was made anew and filled again."""
    ends = await consumer.end_offsets([Partition(PERSONAL_KEYS, n) for n in known])
    if any(end <= known[partition.partition].offset for partition, end in ends.items()):
        return False
    found = await _records_at(consumer, {n: last.offset for n, last in known.items()})
    return all(found[n] == last for n, last in known.items() if found[n].offset == last.offset)


async def _records_at(consumer: AIOKafkaConsumer, offsets: Mapping[int, int]) -> dict[int, Last]:
    """The first record at each offset or behind it."""
    found = await messages_at(consumer, {Partition(PERSONAL_KEYS, n): offset for n, offset in offsets.items()})
    return {p.partition: Last(one.offset, one.timestamp, one.key, one.value) for p, one in found.items()}


async def read_all(kafka: str) -> list[Any]:
    """Everything that the topic holds now, without heartbeats."""
    partitions = [Partition(PERSONAL_KEYS, n) for n in range(PARTITIONS)]
    async with looking(kafka) as consumer:
        consumer.assign(partitions)
        end = await consumer.end_offsets(partitions)
        messages: list[Any] = []
        for partition in partitions:
            await consumer.seek_to_beginning(partition)
        while any([await consumer.position(partition) < end[partition] for partition in partitions]):
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                messages += [message for message in batch if message.key != BEAT]
        return messages


async def follow_keys(connection: Connection, kafka: str) -> None:
    """Keeps the other services' keys: endless, from the first record at every start. Erased stays erased."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await whole_start(consumer.start())
        partitions = [Partition(PERSONAL_KEYS, n) for n in range(PARTITIONS)]
        consumer.assign(partitions)
        for partition in partitions:
            await consumer.seek_to_beginning(partition)
        while True:
            beat()
            batches = await consumer.getmany(timeout_ms=1_000, max_records=PAGE)
            await store_keys(connection, keys_of(message for batch in batches.values() for message in batch))
    finally:
        await consumer.stop()


async def store_keys(connection: Connection, keys: Iterable[SentKey]) -> None:
    """What is erased stays erased, in whatever order key and marker come."""
    newest: dict[tuple[UUID, UUID], SentKey] = {}
    for key in keys:
        known = newest.get((key.tenant_id, key.person_id))
        if known is None or known.wrapped is not None:
            newest[key.tenant_id, key.person_id] = key
    if not newest:
        return
    await connection.execute(
        "INSERT INTO personal_keys AS k (tenant_id, person_id, key_version, wrapped, own, published, changed_at)"
        " SELECT n.tenant_id, n.person_id, n.key_version, n.wrapped, false, true, clock_timestamp()"
        " FROM unnest(%s::uuid[], %s::uuid[], %s::int[], %s::bytea[]) n(tenant_id, person_id, key_version, wrapped)"
        " ON CONFLICT (tenant_id, person_id) DO UPDATE SET wrapped = NULL, changed_at = excluded.changed_at"
        " WHERE excluded.wrapped IS NULL AND k.wrapped IS NOT NULL",
        (
            [key.tenant_id for key in newest.values()],
            [key.person_id for key in newest.values()],
            [key.version for key in newest.values()],
            [key.wrapped for key in newest.values()],
        ),
    )
