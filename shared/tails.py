"""The ends of a topic's partitions: the last record that is reached along the chain, and the next free offset."""

import asyncio
from collections.abc import Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition

from shared.envelope import event_id_of, readable
from shared.pulse import beat
from shared.records import PARTITIONS
from shared.topics import looking, messages_at


class Link(NamedTuple):
    """The last chained record of a partition, and where Kafka keeps it."""

    position: int = 0
    event_id: str = ""
    offset: int = -1


class Tail(NamedTuple):
    """`end` is the offset that the next record will have."""

    link: Link
    end: int


async def tails_of(kafka: str, topic: str, noted: Mapping[int, Link] | None = None) -> dict[int, Tail]:
    """Per partition the end of the chain: the noted one where it is the last record, else found by walking.

    Without `noted` the last record is taken for the end, if a relay wrote it."""
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with looking(kafka) as consumer:
        async with asyncio.timeout(10):
            ends = await consumer.end_offsets(partitions)
        lasts = await messages_at(consumer, {partition: end - 1 for partition, end in ends.items() if end})
        tails: dict[int, Tail] = {}
        for n, partition in enumerate(partitions):
            end = ends[partition]
            link = link_of(lasts[partition]) if end else Link()
            known = link is not None if noted is None else link == noted[n]
            tails[n] = Tail(link if link is not None and known else await walk(consumer, partition, end), end)
        return tails


def link_of(message: Any) -> Link | None:
    """None for a message that no relay wrote."""
    record = readable(message)
    return None if record is None else Link(record.position, event_id_of(record), record.offset)


async def walk(consumer: AIOKafkaConsumer, partition: Partition, end: int) -> Link:
    """The last record that is reached from the start of the partition along the chain.

    Raises TimeoutError when nothing comes before the end: records were lost meanwhile."""
    link = Link()
    consumer.assign([partition])
    await consumer.seek_to_beginning(partition)
    while await consumer.position(partition) < end:
        beat()
        batches = await consumer.getmany(partition, timeout_ms=10_000)
        if not batches:
            raise TimeoutError(f"{partition.topic}/{partition.partition} does not reach {end}")
        for message in batches.get(partition, []):
            record = readable(message)
            if record is not None and message.offset < end and record.previous == link.position:
                link = Link(record.position, event_id_of(record), record.offset)
    return link
