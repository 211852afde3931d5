"""The whole history of a source up to a place, page by page."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

from aiokafka import TopicPartition as Partition

from shared.chain import Place
from shared.database import Connection
from shared.envelope import readable
from shared.log_feed import PAGE, read_page
from shared.records import Record
from shared.topics import events_topic, looking

History = AsyncGenerator[list[Record], None]


async def log_until(connection: Connection, last: Place) -> History:
    """The server reads the next page while the last one is used."""
    reading = asyncio.create_task(read_page(connection, 0, min(PAGE, last.position)))
    try:
        while page := await reading:
            after = page[-1].position
            reading = asyncio.create_task(read_page(connection, after, min(PAGE, last.position - after)))
            await asyncio.sleep(0)
            yield page
    finally:
        reading.cancel()


async def topic_until(kafka: str, source: str, generation: int, places: Mapping[int, Place]) -> History:
    """Everything that a relay wrote, up to the offsets of these places."""
    last = {
        Partition(events_topic(source, generation), n): place.offset for n, place in places.items() if place.offset >= 0
    }
    if not last:
        return
    async with looking(kafka) as consumer:
        consumer.assign(list(last))
        await consumer.seek_to_beginning(*last)
        open_partitions = set(last)
        while open_partitions:
            async with asyncio.timeout(30):
                batches = await consumer.getmany(timeout_ms=1_000)
            messages = [m for p, batch in batches.items() for m in batch if m.offset <= last[p]]
            yield [record for message in messages if (record := readable(message)) is not None]
            open_partitions = {p for p in open_partitions if await consumer.position(p) <= last[p]}
