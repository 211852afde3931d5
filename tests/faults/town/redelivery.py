"""Kafka brings records again, in any order, or forgets a topic: done with a producer of the harness's own."""

import random
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import topics
from shared.envelope import readable
from tests.faults.town.town import Town
from tests.shared.kafkas import delete_topic, messages_of

MOST = 500


async def redeliver(town: Town, service: str, rng: random.Random) -> int:
    """Copies of the newest records into the real topic: twice shuffled inside each partition, then in order."""
    topic = topics.events_topic(service, 1)
    known: dict[int, Any] = {}
    for message in await messages_of(town.kafka, topic):
        if (record := readable(message)) is not None:
            known[record.position] = message
    newest = [known[position] for position in sorted(known)[-MOST:]]
    producer = AIOKafkaProducer(bootstrap_servers=town.kafka, acks="all")
    await producer.start()
    try:
        for order in (rng.sample(newest, len(newest)), rng.sample(newest, len(newest)), newest):
            for one in order:
                await producer.send(topic, one.value, key=one.key, headers=list(one.headers), partition=one.partition)
        await producer.flush()
    finally:
        await producer.stop()
    return 3 * len(newest)


async def make_topic_anew(town: Town, service: str) -> None:
    await delete_topic(town.kafka, topics.events_topic(service, 1))
    await topics.ensure(town.kafka, service, 1)
