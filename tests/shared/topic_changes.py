"""A topic made anew with other records than its relay sent, on a real Kafka."""

from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import topics
from shared.envelope import record_of
from tests.shared.kafkas import Relays, delete_topic, messages_of


async def replace_topic(relays: Relays, partition: int, change: Callable[[list[Any]], list[Any]]) -> list[int]:
    """With other records in this partition; the positions that it had there."""
    messages = await messages_of(relays.kafka, relays.topic)
    ours = [message for message in messages if message.partition == partition]
    await delete_topic(relays.kafka, relays.topic)
    await topics.ensure(relays.kafka, relays.source, relays.generation)
    producer = AIOKafkaProducer(bootstrap_servers=relays.kafka)
    await producer.start()
    for message in [*(one for one in messages if one.partition != partition), *change(ours)]:
        await producer.send_and_wait(
            relays.topic,
            message.value,
            key=message.key,
            headers=list(message.headers),
            partition=message.partition,
        )
    await producer.stop()
    return [record_of(message).position for message in ours]


def hole(ours: list[Any]) -> list[Any]:
    """Acknowledged records are lost, and others fill exactly their offsets: the topic ends as the relay noted."""
    return [*ours[:2], ours[0], ours[1], *ours[4:]]


def without_headers(message: Any, partition: int) -> Any:
    return type(message)(**{**vars_of(message), "headers": (), "partition": partition})


def with_value(message: Any, value: bytes) -> Any:
    return type(message)(**{**vars_of(message), "value": value})


def relinked(message: Any, previous: bytes) -> Any:
    headers = tuple((name, previous if name == "ce_previous" else value) for name, value in message.headers)
    return type(message)(**{**vars_of(message), "headers": headers})


def vars_of(message: Any) -> dict[str, Any]:
    return {name: getattr(message, name) for name in message.__dataclass_fields__}
