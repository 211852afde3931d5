"""The relay: the log is the outbox. One leader per service sends it to Kafka, chained per partition."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaProducer

from shared import telemetry
from shared.database import Connection, scalar
from shared.envelope import Headers, event_id, event_id_of, headers_of, key_of
from shared.key_relay import KeyRelay
from shared.leader import Leadership
from shared.log_feed import read_page
from shared.pace import Pace
from shared.positions import Deposed
from shared.pulse import beat
from shared.records import PARTITIONS, Record, partition_of
from shared.span_links import recent
from shared.tails import Link, tails_of
from shared.topics import events_topic, whole_start

log = logging.getLogger(__name__)

PAGE = 1_000
WAIT = 0.5
PACE = 0.01
PATIENCE = 120.0
LOOK_EVERY = 30.0


class UnknownRecords(Exception):
    """Kafka holds records that the log does not have: history was cut. An operator must say what is true."""


class TopicChanged(Exception):
    """The topic does not end where this relay left it: records were lost, it was made anew, or another relay wrote."""


def chained(page: list[Record], last: Mapping[int, Link]) -> dict[int, list[tuple[Record, int]]]:
    """partition → (record, position of its predecessor there), leaving out what is known to be sent. Pure."""
    links = {partition: link.position for partition, link in last.items()}
    sent: dict[int, list[tuple[Record, int]]] = {}
    for record in page:
        partition = partition_of(record.tenant_id)
        previous = links.get(partition, 0)
        if record.position > previous:
            sent.setdefault(partition, []).append((record, previous))
            links[partition] = record.position
    return sent


class Relay:
    def __init__(
        self, leadership: Leadership, listener: Connection, service: str, generation: int, kafka: str, kept: int = 0
    ) -> None:
        self._leadership = leadership
        self._listener = listener
        self._service = service
        self._generation = generation
        self._kafka = kafka
        self._kept = kept
        self._topic = events_topic(service, generation)
        self._last: dict[int, Link] = {}
        self._ends: dict[int, int] = {}
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
        try:
            await whole_start(producer.start())
            keys = KeyRelay(self._connection, producer, self._service)
            await keys.resume(self._kafka)
            looked = asyncio.get_running_loop().time()
            pace = Pace(PACE)
            while True:
                beat()
                pace.begin()
                page = await read_page(self._connection, self.position, PAGE)
                await keys.send()
                await keys.beat()
                if page:
                    with telemetry.batch_span("relay", recent(page), events=len(page)):
                        async with asyncio.timeout(PATIENCE):
                            await self._send(producer, page)
                    await pace.rest()
                else:
                    async for _ in self._listener.notifies(timeout=WAIT, stop_after=1):
                        pass
                if asyncio.get_running_loop().time() - looked > LOOK_EVERY:
                    await self._look()
                    await keys.look(self._kafka)
                    looked = asyncio.get_running_loop().time()
        except BaseException:
            await abort(producer)
            raise

    async def _look(self) -> None:
        """A topic may be lost or made anew while nothing is sent to it, and an operator may set this relay back."""
        noted = await scalar(self._connection, "SELECT position FROM relay WHERE generation = %s", (self._generation,))
        if noted != self.position:
            raise Deposed
        tails = await tails_of(self._kafka, self._topic, self._last)
        if any(tail.link != self._last[n] or tail.end != self._ends[n] for n, tail in tails.items()):
            raise TopicChanged(self._topic)

    async def _send(self, producer: AIOKafkaProducer, page: list[Record]) -> None:
        partitions = chained(page, self._last)
        await asyncio.gather(*[self._send_partition(producer, n, items) for n, items in partitions.items()])
        moved = {
            n: Link(items[-1][0].position, event_id_of(items[-1][0]), self._ends[n] - 1)
            for n, items in partitions.items()
        }
        await self._move(page[-1].position, moved)

    async def _send_partition(
        self, producer: AIOKafkaProducer, partition: int, items: list[tuple[Record, int]]
    ) -> None:
        """One awaited batch after the other: nothing can overtake."""
        batch = producer.create_batch()
        for record, previous in items:
            headers = headers_of(record, self._service, self._generation, previous, self._kept)
            if not append(batch, record, headers):
                await self._send_batch(producer, batch, partition)
                batch = producer.create_batch()
                if not append(batch, record, headers):
                    raise ValueError(f"position {record.position} does not fit a batch")
        await self._send_batch(producer, batch, partition)

    async def _send_batch(self, producer: AIOKafkaProducer, batch: Any, partition: int) -> None:
        batch.close()
        sent = await (await producer.send_batch(batch, self._topic, partition=partition))
        if sent.offset != self._ends[partition]:
            raise TopicChanged(f"{self._topic}/{partition}: {sent.offset}, not {self._ends[partition]}")
        self._ends[partition] += batch.record_count()

    async def _move(self, position: int, moved: Mapping[int, Link]) -> None:
        """Compare-and-set from the values read: raises Deposed when another relay is at work."""
        numbers = list(moved)
        async with self._connection.transaction():
            page = await self._connection.execute(
                "UPDATE relay SET position = %s WHERE generation = %s AND position = %s",
                (position, self._generation, self.position),
            )
            rows = await self._connection.execute(
                "UPDATE relay_partitions p SET position = m.position, event_id = m.event_id, kafka_offset = m.place"
                " FROM unnest(%s::int[], %s::bigint[], %s::bigint[], %s::text[], %s::bigint[])"
                " m(partition, read, position, event_id, place)"
                " WHERE p.generation = %s AND p.partition = m.partition AND p.position = m.read",
                (
                    numbers,
                    [self._last[n].position for n in numbers],
                    [moved[n].position for n in numbers],
                    [moved[n].event_id for n in numbers],
                    [moved[n].offset for n in numbers],
                    self._generation,
                ),
            )
            if page.rowcount != 1 or rows.rowcount != len(numbers):
                raise Deposed
        self._last |= moved
        self.position = position

    async def _resume(self) -> None:
        """Compares the positions with each partition's tail. Where they differ, the chain in Kafka decides: sending
        goes on behind its last link, the only place where a position moves back."""
        await self._load()
        tails = await tails_of(self._kafka, self._topic, self._last)
        self._ends = {n: tail.end for n, tail in tails.items()}
        await self._check_known([tail.link for tail in tails.values() if tail.link.position])
        changed = {n: tail.link for n, tail in tails.items() if tail.link != self._last[n]}
        if not changed:
            return
        log.warning("%s: %d partitions are not as noted: resuming behind their chain", self._topic, len(changed))
        await self._move(min(self.position, *(link.position for link in changed.values())), changed)

    async def _check_known(self, links: list[Link]) -> None:
        cursor = await self._connection.execute(
            "SELECT notification_id, state FROM events WHERE notification_id = ANY(%s)",
            ([link.position for link in links],),
        )
        known = {position: event_id(position, state) for position, state in await cursor.fetchall()}
        if any(known.get(link.position) != link.event_id for link in links):
            raise UnknownRecords(self._topic)

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
            "SELECT partition, position, event_id, kafka_offset FROM relay_partitions WHERE generation = %s",
            (self._generation,),
        )
        self._last = {partition: Link(*link) for partition, *link in await cursor.fetchall()}


def append(batch: Any, record: Record, headers: Headers) -> bool:
    """False when the batch is full."""
    return batch.append(key=key_of(record.tenant_id), value=record.state, timestamp=None, headers=headers) is not None


async def abort(producer: AIOKafkaProducer) -> None:
    """Ends a producer without sending what it holds: `stop()` alone would."""
    try:
        async with asyncio.timeout(10):
            await producer._sender.close()
    finally:
        async with asyncio.timeout(10):
            await producer.stop()
