"""Personal keys on their way to the other services: a key is acknowledged before anything sealed with it is sent."""

import asyncio
from base64 import b64decode, b64encode
from typing import Any
from uuid import UUID

import orjson
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Partition

from shared.database import Connection
from shared.records import PARTITIONS, partition_of
from shared.topics import PERSONAL_KEYS, looking

PAGE = 1_000


class KeyRelay:
    """Sends this service's own keys, and the markers of erased people, to the compacted topic."""

    def __init__(self, connection: Connection, producer: AIOKafkaProducer, service: str) -> None:
        self._connection = connection
        self._producer = producer
        self._service = service

    async def resume(self, kafka: str) -> None:
        """Marks what the topic has lost as unsent, so that a lost Kafka heals."""
        there = {
            (key.tenant_id, key.person_id)
            for message in await read_all(kafka)
            if (key := key_of(message)).service == self._service
        }
        cursor = await self._connection.execute(
            "SELECT tenant_id, person_id FROM personal_keys WHERE own AND published"
        )
        lost = [pair for pair in await cursor.fetchall() if pair not in there]
        await self._mark([pair[0] for pair in lost], [pair[1] for pair in lost], published=False)

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
            await self._mark([row[0] for row in rows], [row[1] for row in rows], published=True)

    async def _mark(self, tenants: list[UUID], people: list[UUID], *, published: bool) -> None:
        await self._connection.execute(
            "UPDATE personal_keys k SET published = %s FROM unnest(%s::uuid[], %s::uuid[]) m(tenant_id, person_id)"
            " WHERE k.tenant_id = m.tenant_id AND k.person_id = m.person_id",
            (published, tenants, people),
        )


class SentKey:
    """A key or an erased marker as the topic holds it."""

    def __init__(self, tenant: str, person: str, version: int, wrapped: str | None, service: str) -> None:
        self.tenant_id = UUID(tenant)
        self.person_id = UUID(person)
        self.version = version
        self.wrapped = None if wrapped is None else b64decode(wrapped)
        self.service = service


def key_of(message: Any) -> SentKey:
    return SentKey(**orjson.loads(message.value))


async def read_all(kafka: str) -> list[Any]:
    """Everything that the topic holds now."""
    partitions = [Partition(PERSONAL_KEYS, n) for n in range(PARTITIONS)]
    async with looking(kafka) as consumer:
        consumer.assign(partitions)
        end = await consumer.end_offsets(partitions)
        messages: list[Any] = []
        for partition in partitions:
            await consumer.seek_to_beginning(partition)
        while any([await consumer.position(partition) < end[partition] for partition in partitions]):
            for batch in (await consumer.getmany(timeout_ms=1_000)).values():
                messages += batch
        return messages


async def follow_keys(connection: Connection, kafka: str) -> None:
    """Keeps the other services' keys: endless, from the first record at every start. Erased stays erased."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        partitions = [Partition(PERSONAL_KEYS, n) for n in range(PARTITIONS)]
        consumer.assign(partitions)
        for partition in partitions:
            await consumer.seek_to_beginning(partition)
        while True:
            batches = await consumer.getmany(timeout_ms=1_000, max_records=PAGE)
            newest = {message.key: key_of(message) for batch in batches.values() for message in batch}
            if newest:
                await store_keys(connection, list(newest.values()))
    finally:
        await consumer.stop()


async def store_keys(connection: Connection, keys: list[SentKey]) -> None:
    await connection.execute(
        "INSERT INTO personal_keys AS k (tenant_id, person_id, key_version, wrapped, own, published, changed_at)"
        " SELECT n.tenant_id, n.person_id, n.key_version, n.wrapped, false, true, clock_timestamp()"
        " FROM unnest(%b::uuid[], %b::uuid[], %s::int[], %b::bytea[]) n(tenant_id, person_id, key_version, wrapped)"
        " ON CONFLICT (tenant_id, person_id) DO UPDATE SET wrapped = NULL, changed_at = excluded.changed_at"
        " WHERE excluded.wrapped IS NULL AND k.wrapped IS NOT NULL",
        (
            [key.tenant_id for key in keys],
            [key.person_id for key in keys],
            [key.version for key in keys],
            [key.wrapped for key in keys],
        ),
    )
