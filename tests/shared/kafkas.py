"""Topics, relays and consumers on a real Kafka, for the tests of the kernel."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import TopicPartition as Partition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import UnknownTopicOrPartitionError

from shared import topics
from shared.database import connect
from shared.leader import Leadership
from shared.records import PARTITIONS
from shared.relay import Relay


@asynccontextmanager
async def admin(kafka: str) -> AsyncIterator[Any]:
    client = AIOKafkaAdminClient(bootstrap_servers=kafka, request_timeout_ms=10_000)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@asynccontextmanager
async def own_topic(kafka: str, generation: int) -> AsyncIterator[str]:
    """The name of a service that nobody else has, with its topic of this generation."""
    name = f"t{secrets.token_hex(6)}"
    await topics.ensure_personal_keys(kafka)
    await topics.ensure(kafka, name, generation)
    try:
        yield name
    finally:
        await delete_topic(kafka, topics.events_topic(name, generation))


async def delete_topic(kafka: str, topic: str) -> None:
    async with admin(kafka) as client:
        with suppress(UnknownTopicOrPartitionError):
            await client.delete_topics([topic])
        with suppress(TimeoutError):  # a relay that runs may have made it anew before anybody saw it gone
            async with asyncio.timeout(2):
                while topic in await client.list_topics():  # noqa: ASYNC110 - only the broker knows
                    await asyncio.sleep(0.02)


async def messages_of(kafka: str, topic: str) -> list[Any]:
    """Everything in the topic, partition by partition."""
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with topics.looking(kafka) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Any] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                for batch in (await consumer.getmany(partition, timeout_ms=1_000)).values():
                    found += batch
        return found


async def eventually(holds: Callable[[], Awaitable[object]], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 - another process or server has no event to wait for
            await asyncio.sleep(0.02)


@asynccontextmanager
async def leading(dsn: str, role: Callable[[Leadership], Awaitable[None]], name: str) -> AsyncIterator[Leadership]:
    """A worker of one role."""
    leadership = Leadership(dsn, "academic")
    task = asyncio.create_task(leadership.run({name: role}))
    try:
        yield leadership
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


class Relays:
    """Relays of one log under a name of its own; `runs` holds each start, `failures` how they ended."""

    def __init__(self, dsn: str, kafka: str, source: str, generation: int) -> None:
        self.dsn, self.kafka, self.source, self.generation = dsn, kafka, source, generation
        self.topic = topics.events_topic(source, generation)
        self.runs: list[Relay] = []
        self.failures: list[str] = []

    async def role(self, leadership: Leadership) -> None:
        try:
            async with await connect(self.dsn, search_path="academic") as listener:
                await topics.ensure(self.kafka, self.source, self.generation)
                relay = Relay(leadership, listener, self.source, self.generation, self.kafka)
                self.runs.append(relay)
                await relay.run()
        except Exception as error:
            self.failures.append(type(error).__name__)
            raise

    @asynccontextmanager
    async def running(self, name: str = "relay", dsn: str | None = None) -> AsyncIterator[Leadership]:
        """`dsn` is the way of the leader's own connection."""
        async with leading(dsn or self.dsn, self.role, name) as leadership:
            yield leadership

    async def reached(self, position: int) -> None:
        """Until the relay of today has noted this position."""

        async def has() -> bool:
            return bool(self.runs) and self.runs[-1].position >= position

        await eventually(has)
