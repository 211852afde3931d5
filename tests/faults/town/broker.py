"""What goes wrong in the broker: keys that it forgets, and batches that it takes when the one before is missing."""

import asyncio
from collections import defaultdict

from aiokafka import AIOKafkaProducer

from shared import topics
from shared.database import connect, scalar
from shared.envelope import headers_of
from shared.log_feed import read_page
from shared.records import Record, partition_of
from shared.relay import chained
from shared.tails import Link, tails_of
from tests.faults.town.town import Town
from tests.shared.kafkas import delete_topic

Chained = tuple[Record, int]
"""A record and the position of its predecessor in its partition."""


async def make_keys_anew(town: Town) -> None:
    """The topic of personal keys is empty all of a sudden."""
    await delete_topic(town.kafka, topics.PERSONAL_KEYS)
    await topics.ensure_personal_keys(town.kafka)


async def write_ahead(town: Town, service: str, within: float = 1.5) -> int:
    """What a refused first batch leaves when those behind it are accepted: of the events that no relay has sent, all
    but the first in each partition; how many. Needs load, and a relay that is held."""
    async with await connect(town.superuser, search_path=service) as connection:
        cursor = await connection.execute("SELECT partition, position, event_id, kafka_offset FROM relay_partitions")
        noted = {partition: Link(*link) for partition, *link in await cursor.fetchall()}
        tails = await tails_of(town.kafka, topics.events_topic(service, 1), noted)
        sent = {partition: tail.link for partition, tail in tails.items()}
        noted_up_to = await scalar(connection, "SELECT position FROM relay")
        async with asyncio.timeout(within):
            ahead: list[Chained] = []
            while not ahead:
                page = await read_page(connection, noted_up_to, 5_000)
                ahead = [item for items in chained(page, sent).values() for item in items[1:]]
    await write(town, service, ahead)
    return len(ahead)


async def write(town: Town, service: str, items: list[Chained]) -> None:
    """By a producer of its own: the broker takes it for a fresh one."""
    producer = AIOKafkaProducer(bootstrap_servers=town.kafka, enable_idempotence=True, acks="all")
    await producer.start()
    try:
        by_partition: dict[int, list[Chained]] = defaultdict(list)
        for record, previous in items:
            by_partition[partition_of(record.tenant_id)].append((record, previous))
        sent = [
            await producer.send(
                topics.events_topic(service, 1),
                record.state,
                key=str(record.tenant_id).encode(),
                partition=partition,
                headers=headers_of(record, service, 1, previous),
            )
            for partition, chain in by_partition.items()
            for record, previous in chain
        ]
        await asyncio.gather(*sent)
    finally:
        await producer.stop()
