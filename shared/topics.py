"""Kafka topics: names, settings, and the check that they are what the chain and erasure need."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from shared.records import PARTITIONS

PERSONAL_KEYS = "personal-keys"
START_WITHIN = 1.0
EVENT_SETTINGS = {
    "cleanup.policy": "delete",
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": "1048588",
}
KEY_SETTINGS = {
    "cleanup.policy": "compact",
    "max.compaction.lag.ms": "3600000",
    "segment.ms": "3600000",
    "min.cleanable.dirty.ratio": "0.01",
    "delete.retention.ms": "86400000",
}


class WrongTopic(Exception):
    """A topic has other settings than events or keys need. The message names them."""


def events_topic(service: str, generation: int) -> str:
    return f"{service}.events.{generation}"


async def ensure(bootstrap: str, service: str, generation: int, *, replicas: int = 1) -> None:
    """Makes the topic of this generation if it is missing. Raises WrongTopic."""
    await _ensure(bootstrap, events_topic(service, generation), EVENT_SETTINGS, replicas)


async def ensure_personal_keys(bootstrap: str, *, replicas: int = 1) -> None:
    await _ensure(bootstrap, PERSONAL_KEYS, KEY_SETTINGS, replicas)


async def check(bootstrap: str, topic: str, settings: Mapping[str, str]) -> None:
    """Makes nothing. Raises WrongTopic, also when there is no such topic."""
    async with _admin(bootstrap) as admin:
        if topic not in await admin.list_topics():
            raise WrongTopic(f"There is no topic {topic}: start the worker once, it makes it.")
        await _check(admin, topic, settings)


async def broker_settings(bootstrap: str) -> dict[int, dict[str, str]]:
    """node → its settings."""
    async with _admin(bootstrap) as admin:
        brokers = (await admin.describe_cluster())["brokers"]
        return {
            node: await _described(admin, ConfigResource(ConfigResourceType.BROKER, str(node)))
            for node in (broker["node_id"] for broker in brokers)
        }


async def newest_generation(bootstrap: str, service: str) -> int | None:
    """The highest generation that this service publishes, None while it publishes none."""
    async with _admin(bootstrap) as admin:
        names = await admin.list_topics()
    prefix = f"{service}.events."
    numbers = [int(name.removeprefix(prefix)) for name in names if name.startswith(prefix)]
    return max(numbers, default=None)


async def _ensure(bootstrap: str, topic: str, settings: Mapping[str, str], replicas: int) -> None:
    async with _admin(bootstrap) as admin:
        if topic not in await admin.list_topics():
            new = NewTopic(topic, PARTITIONS, replicas, topic_configs=dict(settings))
            answer = await admin.create_topics([new])
            for _, code, *_ in answer.topic_errors:
                error = for_code(code)
                if code and error is not TopicAlreadyExistsError:
                    raise error(topic)
        await _check(admin, topic, settings)


async def _check(admin: Any, topic: str, settings: Mapping[str, str]) -> None:
    found = await _settings_of(admin, topic)
    described = await admin.describe_topics([topic])
    count = len(described[0]["partitions"])
    if count != PARTITIONS:
        raise WrongTopic(f"{topic} has {count} partitions, not {PARTITIONS}")
    wrong = {name: found.get(name) for name, value in settings.items() if found.get(name) != value}
    if wrong:
        raise WrongTopic(f"{topic} has {wrong}, not {dict(settings)}")


async def _settings_of(admin: Any, topic: str) -> dict[str, str]:
    """Waits until a topic that was made just now is known."""
    found: dict[str, str] = {}
    for _ in range(100):
        found = await _described(admin, ConfigResource(ConfigResourceType.TOPIC, topic))
        if found:
            break
        await asyncio.sleep(0.1)
    return found


async def _described(admin: Any, resource: ConfigResource) -> dict[str, str]:
    answers = await admin.describe_configs([resource])
    return {entry[0]: entry[1] for answer in answers for found in answer.resources for entry in found[4]}


async def whole_start(start: Coroutine[Any, Any, None]) -> None:
    """Of a client that is stopped in any case. A start that is cancelled while it asks its first broker would leave
    that connection open: it is let come to its end, if that is near."""
    starting = asyncio.create_task(start)
    try:
        await asyncio.shield(starting)
    except asyncio.CancelledError:
        with suppress(Exception, asyncio.CancelledError):
            await asyncio.wait_for(starting, START_WITHIN)
        raise


@asynccontextmanager
async def looking(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer for a short look here and there: neither the broker nor the client holds it up where nothing is to
    be read, or where a topic is not known yet."""
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=20,
        retry_backoff_ms=20,
    )
    try:
        await whole_start(consumer.start())
        yield consumer
    finally:
        await stop(consumer)


async def stop(consumer: AIOKafkaConsumer) -> None:
    """The client's own `stop` may meet the cancellation of a task that it ends, and leave the rest open."""
    try:
        await consumer.stop()
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        await consumer._fetcher.close()
        await consumer._client.close()


async def messages_at(consumer: AIOKafkaConsumer, offsets: Mapping[Partition, int]) -> dict[Partition, Any]:
    """The first message at each offset or behind it, of all partitions in one go. Raises TimeoutError.

    Nothing else may be assigned: it would be fetched too, and until somebody took it the client would rest."""
    found: dict[Partition, Any] = {}
    if offsets:
        consumer.assign(list(offsets))
    for partition, offset in offsets.items():
        consumer.seek(partition, offset)
    async with asyncio.timeout(10):
        while len(found) < len(offsets):
            for partition, batch in (await consumer.getmany(timeout_ms=1_000)).items():
                found.setdefault(partition, batch[0])
    return found


async def ends_of(bootstrap: str, topic: str) -> dict[int, int]:
    """partition → the offset that its next record will have."""
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with looking(bootstrap) as consumer:
        async with asyncio.timeout(10):
            ends = await consumer.end_offsets(partitions)
    return {partition.partition: end for partition, end in ends.items()}


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await whole_start(admin.start())
        yield admin
    finally:
        await admin.close()
