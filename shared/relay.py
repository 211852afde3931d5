"""The relay: the log is the outbox. One leader per service sends it to Kafka, chained per partition."""

import asyncio
import logging
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Partition

from shared import telemetry
from shared.database import Connection
from shared.envelope import Headers, event_id_of, headers_of, record_of
from shared.gauges import HEAD, RELAYED
from shared.key_relay import KeyRelay
from shared.leader import Leadership
from shared.log_feed import read_page
from shared.positions import Deposed
from shared.records import PARTITIONS, Record, partition_of
from shared.topics import events_topic

log = logging.getLogger(__name__)

PAGE = 1_000
WAIT = 0.5
PATIENCE = 120.0

Link = tuple[int, str]
"""Position and event id of the last chained record of a partition."""


class RecordsAboveHead(Exception):
    """Kafka holds records that the log does not have: history was cut. An operator must say what is true."""


def chained(page: list[Record], last: Mapping[int, Link]) -> dict[int, list[tuple[Record, int]]]:
    """partition → (record, position of its predecessor there), leaving out what is known to be sent. Pure."""
    links = {partition: position for partition, (position, _) in last.items()}
    sent: dict[int, list[tuple[Record, int]]] = {}
    for record in page:
        partition = partition_of(record.tenant_id)
        previous = links.get(partition, 0)
        if record.position > previous:
            sent.setdefault(partition, []).append((record, previous))
            links[partition] = record.position
    return sent


class Relay:
    def __init__(self, leadership: Leadership, listener: Connection, service: str, generation: int, kafka: str) -> None:
        self._leadership = leadership
        self._listener = listener
        self._service = service
        self._generation = generation
        self._kafka = kafka
        self._topic = events_topic(service, generation)
        self._last: dict[int, Link] = {}
        self.position = 0

    @property
    def _connection(self) -> Connection:
        return self._leadership.connection

    async def run(self) -> None:
        """Endless. After any error the producer is aborted, never flushed; the next run starts from PostgreSQL."""
        await self._listener.execute(f"LISTEN rollbook_{self._service}".encode())
        await self._resume()
        producer = AIOKafkaProducer(
            bootstrap_servers=self._kafka,
            enable_idempotence=True,
            acks="all",
            linger_ms=0,
            max_batch_size=524_288,
            request_timeout_ms=10_000,
        )
        await producer.start()
        try:
            keys = KeyRelay(self._connection, producer, self._service)
            await keys.resume(self._kafka)
            await keys.send()
            while True:
                page = await read_page(self._connection, self.position, PAGE)
                HEAD.set(page[-1].position if page else self.position)
                if page:
                    await keys.send()
                    with telemetry.span("relay", events=len(page)):
                        await asyncio.wait_for(self._send(producer, page), PATIENCE)
                else:
                    async for _ in self._listener.notifies(timeout=WAIT, stop_after=1):
                        pass
        except BaseException:
            await abort(producer)
            raise

    async def _send(self, producer: AIOKafkaProducer, page: list[Record]) -> None:
        partitions = chained(page, self._last)
        await asyncio.gather(*[self._send_partition(producer, n, items) for n, items in partitions.items()])
        moved = {n: (items[-1][0].position, event_id_of(items[-1][0])) for n, items in partitions.items()}
        await self._move(page[-1].position, moved)

    async def _send_partition(
        self, producer: AIOKafkaProducer, partition: int, items: list[tuple[Record, int]]
    ) -> None:
        """One awaited batch after the other: nothing can overtake."""
        batch = producer.create_batch()
        for record, previous in items:
            headers = headers_of(record, self._service, self._generation, previous)
            if not append(batch, record, headers):
                await self._send_batch(producer, batch, partition)
                batch = producer.create_batch()
                if not append(batch, record, headers):
                    raise ValueError(f"position {record.position} does not fit a batch")
        await self._send_batch(producer, batch, partition)

    async def _send_batch(self, producer: AIOKafkaProducer, batch: object, partition: int) -> None:
        batch.close()  # type: ignore[attr-defined]
        await (await producer.send_batch(batch, self._topic, partition=partition))

    async def _move(self, position: int, moved: Mapping[int, Link]) -> None:
        """Compare-and-set from the values read: raises Deposed when another relay is at work."""
        numbers = list(moved)
        async with self._connection.transaction():
            page = await self._connection.execute(
                "UPDATE relay SET position = %s WHERE generation = %s AND position = %s",
                (position, self._generation, self.position),
            )
            rows = await self._connection.execute(
                "UPDATE relay_partitions p SET position = m.position, event_id = m.event_id"
                " FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[]) m(partition, read, position, event_id)"
                " WHERE p.generation = %s AND p.partition = m.partition AND p.position = m.read",
                (
                    numbers,
                    [self._last[n][0] for n in numbers],
                    [moved[n][0] for n in numbers],
                    [moved[n][1] for n in numbers],
                    self._generation,
                ),
            )
            if page.rowcount != 1 or rows.rowcount != len(numbers):
                raise Deposed
        self._last |= moved
        self.position = position
        RELAYED.set(position)

    async def _resume(self) -> None:
        """Compares the positions with each partition's tail. Where they differ, the chain in Kafka decides: sending
        goes on behind its last link, the only place where a position moves back."""
        await self._load()
        tails = await tails_of(self._kafka, self._topic, self._last)
        changed = {n: link for n, link in tails.items() if link != self._last[n]}
        if not changed:
            return
        head = await read_head(self._connection)
        if any(position > head for position, _ in changed.values()):
            raise RecordsAboveHead(self._topic)
        log.warning(
            "%s: %d partitions differ from what was noted: resuming behind their chain",
            self._topic,
            len(changed),
        )
        await self._move(min(self.position, *(position for position, _ in changed.values())), changed)

    async def _load(self) -> None:
        connection = self._connection
        await connection.execute(
            "INSERT INTO relay (generation, position) VALUES (%s, 0) ON CONFLICT DO NOTHING",
            (self._generation,),
        )
        await connection.execute(
            "INSERT INTO relay_partitions (generation, partition, position, event_id)"
            " SELECT %s, n, 0, '' FROM generate_series(0, %s) n ON CONFLICT DO NOTHING",
            (self._generation, PARTITIONS - 1),
        )
        cursor = await connection.execute("SELECT position FROM relay WHERE generation = %s", (self._generation,))
        row = await cursor.fetchone()
        self.position = row[0] if row else 0
        cursor = await connection.execute(
            "SELECT partition, position, event_id FROM relay_partitions WHERE generation = %s",
            (self._generation,),
        )
        self._last = {partition: (position, event_id) for partition, position, event_id in await cursor.fetchall()}


def append(batch: object, record: Record, headers: Headers) -> bool:
    """False when the batch is full."""
    return (
        batch.append(  # type: ignore[attr-defined]
            key=str(record.tenant_id).encode(), value=record.state, timestamp=None, headers=headers
        )
        is not None
    )


async def abort(producer: AIOKafkaProducer) -> None:
    """Ends a producer without sending what it holds: `stop()` alone would."""
    try:
        await asyncio.wait_for(producer._sender.close(), 10)
    finally:
        await asyncio.wait_for(producer.stop(), 10)


async def read_head(connection: Connection) -> int:
    cursor = await connection.execute("SELECT coalesce(max(notification_id), 0) FROM events")
    row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def tails_of(kafka: str, topic: str, noted: Mapping[int, Link]) -> dict[int, Link]:
    """Per partition the last link of the chain: the noted one where it is the tail, else found by walking."""
    partitions = {n: Partition(topic, n) for n in range(PARTITIONS)}
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        consumer.assign(list(partitions.values()))
        end = await consumer.end_offsets(list(partitions.values()))
        tails: dict[int, Link] = {}
        for n, partition in partitions.items():
            if end[partition] == 0:
                tails[n] = (0, "")
                continue
            consumer.seek(partition, end[partition] - 1)
            tail = record_of(await asyncio.wait_for(consumer.getone(partition), 10))
            link = (tail.position, event_id_of(tail))
            tails[n] = link if link == noted[n] else await walk(consumer, partition, end[partition])
        return tails
    finally:
        await consumer.stop()


async def walk(consumer: AIOKafkaConsumer, partition: Partition, end: int) -> Link:
    """The last record that is reached from the start of the partition along the chain."""
    link: Link = (0, "")
    await consumer.seek_to_beginning(partition)
    while await consumer.position(partition) < end:
        batches = await consumer.getmany(partition, timeout_ms=10_000)
        for message in batches.get(partition, []):
            record = record_of(message)
            if message.offset < end and record.previous == link[0]:
                link = (record.position, event_id_of(record))
    return link
