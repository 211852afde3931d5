"""The doctor looks at Kafka: whether it answers, its brokers' settings, the topics of a service, its clock."""

import asyncio
from datetime import UTC, datetime

from aiokafka import TopicPartition as Partition

from infra.operator.access import Name, broker, connected
from infra.operator.doctor_postgres import skew
from infra.operator.doctor_settings import settings_of
from infra.operator.findings import Finding, tried
from shared.database import scalar
from shared.envelope import readable
from shared.records import PARTITIONS
from shared.topics import (
    EVENT_SETTINGS,
    KEY_SETTINGS,
    PERSONAL_KEYS,
    broker_settings,
    check,
    events_topic,
    looking,
)

UNSAFE = {
    "unclean.leader.election.enable": "a broker that lacks acknowledged records may take over",
    "auto.create.topics.enable": "a topic that was lost would come back with wrong settings",
}
REPLICAS = 3


async def check_kafka(name: Name) -> list[Finding]:
    found = await _brokers(name)
    async with connected(name) as connection:
        generation = int(await scalar(connection, "SELECT generation FROM event_log"))
    topic = events_topic(name, generation)
    topics = await tried("topics", lambda: _topics(name, topic))
    if all(one.level == "ok" for one in topics):
        topics += await tried("clock", lambda: _clock(name, topic))
    return [*found, *topics]


async def _brokers(name: Name) -> list[Finding]:
    brokers = await broker_settings(broker(name))
    found = [Finding("ok", "kafka", f"brokers that answer: {len(brokers)}")]
    for setting, danger in UNSAFE.items():
        if any(settings.get(setting) == "true" for settings in brokers.values()):
            found.append(Finding("fail", "kafka", f"{setting} is true: {danger}; set it to false"))
    if settings_of(name).production and len(brokers) < REPLICAS:
        found.append(Finding("warn", "kafka", f"an acknowledged record lies on {len(brokers)} brokers: use {REPLICAS}"))
    return found


async def _topics(name: Name, topic: str) -> list[Finding]:
    await check(broker(name), topic, EVENT_SETTINGS)
    await check(broker(name), PERSONAL_KEYS, KEY_SETTINGS)
    return [Finding("ok", "topics", f"{topic} and {PERSONAL_KEYS} have {PARTITIONS} partitions and their settings")]


async def _clock(name: Name, topic: str) -> list[Finding]:
    """Kafka does not tell its time. What it appended last it stamped after PostgreSQL had recorded it, and before now:
    a clock that is wrong by more than the time between is seen."""
    newest: tuple[float, float] | None = None
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with looking(broker(name)) as consumer, asyncio.timeout(20):
        consumer.assign(partitions)
        for partition, end in (await consumer.end_offsets(partitions)).items():
            if end:
                consumer.seek(partition, end - 1)
                message = await consumer.getone(partition)
                if (record := readable(message)) is not None:
                    newest = max(newest or (0.0, 0.0), (message.timestamp / 1000, record.recorded_at.timestamp()))
    if newest is None:
        return [Finding("ok", "clock", "Kafka's clock is not known: nothing was published yet")]
    appended, recorded = newest
    now = datetime.now(UTC).timestamp()
    wrong = max(appended - now, 0.0) or min(appended - recorded, 0.0)
    if not wrong:
        return [Finding("ok", "clock", "Kafka's clock stands between recording and now")]
    return [skew("clock", "Kafka's clock", wrong, 0.0)]
