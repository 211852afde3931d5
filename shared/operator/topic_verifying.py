"""Verifying a topic against the log: every published event is in its partition, chained, with the stored bytes."""

from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition

from shared.database import Connection
from shared.envelope import event_id_of, readable
from shared.log_feed import PAGE, read_page
from shared.records import PARTITIONS, Record, partition_of
from shared.tails import Link
from shared.topics import events_topic, looking

Wrong = Literal["missing", "left out", "differs", "unknown"]
"""`missing`: published, and the chain ends before it: readers stop there. `left out`: the chain passes over it.
`differs`: other bytes or names than the log's. `unknown`: the log does not have it."""


@dataclass(frozen=True)
class Fault:
    partition: int
    position: int
    wrong: Wrong


@dataclass
class Findings:
    """Of one partition. `end`: the last record that is reached along the chain and equals the log's. `duplicates` and
    `broken` (records that did not follow when they came) do no harm where the chain goes on without them."""

    end: Link = field(default_factory=Link)
    events: int = 0
    duplicates: int = 0
    foreign: int = 0
    broken: int = 0
    lacking: int = 0
    fault: Fault | None = None


class Chain:
    """The records of one partition that a reader from the beginning would apply."""

    def __init__(self, consumer: AIOKafkaConsumer, partition: Partition, end: int) -> None:
        self.found = Findings()
        self.number = partition.partition
        self._consumer = consumer
        self._partition = partition
        self._end = end
        self._next = 0
        self._link = 0
        self._buffer: deque[Any] = deque()
        self._ahead: tuple[Record, str] | None = None

    async def peek(self) -> tuple[Record, str] | None:
        """The next record and its `ce_id`. None at the end."""
        while self._ahead is None and (message := await self._message()) is not None:
            record = readable(message)
            if record is None:
                self.found.foreign += 1
            elif record.previous == self._link:
                self._ahead = record, dict(message.headers)["ce_id"].decode()
            elif record.position <= self._link:
                self.found.duplicates += 1
            else:
                self.found.broken += 1
        return self._ahead

    def take(self) -> None:
        assert self._ahead is not None  # noqa: S101
        record, named = self._ahead
        self._link, self._ahead = record.position, None
        if self.found.fault is None:
            self.found.end = Link(record.position, named, record.offset)
            self.found.events += 1

    async def _message(self) -> Any:
        if not self._buffer and self._next < self._end:
            self._buffer.extend(await self._batch())
        return self._buffer.popleft() if self._buffer else None

    async def _batch(self) -> list[Any]:
        """Raises TimeoutError when nothing comes before the end."""
        batch = (await self._consumer.getmany(self._partition, timeout_ms=10_000)).get(self._partition, [])
        self._next = await self._consumer.position(self._partition)
        if not batch and self._next < self._end:
            raise TimeoutError(f"{self._partition.topic}/{self.number} does not reach {self._end}")
        return [message for message in batch if message.offset < self._end]


async def verify_topic(connection: Connection, kafka: str, service: str, generation: int) -> dict[int, Findings]:
    """partition → what was found. May run beside the relay: what it sends meanwhile is not looked at."""
    published = await noted_links(connection, generation)
    topic = events_topic(service, generation)
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with looking(kafka) as consumer:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        chains = {partition.partition: Chain(consumer, partition, ends[partition]) for partition in partitions}
        async for record in whole_log(connection):
            number = partition_of(record.tenant_id)
            link = published.get(number, Link())
            await _compare(chains[number], record, published=record.position <= link.position)
        for chain in chains.values():
            await _drain(chain)
    return {number: chain.found for number, chain in chains.items()}


async def noted_links(connection: Connection, generation: int) -> dict[int, Link]:
    """partition → the last record that the relay noted."""
    cursor = await connection.execute(
        "SELECT partition, position, event_id, kafka_offset FROM relay_partitions WHERE generation = %s", (generation,)
    )
    return {partition: Link(*link) for partition, *link in await cursor.fetchall()}


async def whole_log(connection: Connection) -> AsyncIterator[Record]:
    after = 0
    while page := await read_page(connection, after, PAGE):
        for record in page:
            yield record
        after = page[-1].position


async def _compare(chain: Chain, stored: Record, *, published: bool) -> None:
    """Behind the first fault of a partition nothing is compared: only what the chain lacks is counted."""
    found = chain.found
    if found.fault is not None:
        found.lacking += published
        return
    ahead = await chain.peek()
    if ahead is None:
        if published:
            found.lacking += 1
            found.fault = Fault(chain.number, stored.position, "missing")
        return
    record, named = ahead
    if record.position > stored.position:
        found.lacking += 1
        found.fault = Fault(chain.number, stored.position, "left out")
    elif record.position < stored.position:
        found.fault = Fault(chain.number, record.position, "unknown")
    elif facts_of(record) != facts_of(stored) or named != event_id_of(stored):
        found.fault = Fault(chain.number, stored.position, "differs")
    else:
        chain.take()


async def _drain(chain: Chain) -> None:
    """What is behind the last event of the log, or behind a fault."""
    while (ahead := await chain.peek()) is not None:
        chain.found.fault = chain.found.fault or Fault(chain.number, ahead[0].position, "unknown")
        chain.take()


def facts_of(record: Record) -> tuple[object, ...]:
    """What must be equal in the log and in the topic."""
    return (
        record.position,
        record.tenant_id,
        record.aggregate_id,
        record.version,
        record.topic,
        record.state,
        record.recorded_at,
    )


def first_fault(findings: Mapping[int, Findings]) -> Fault | None:
    faults = [found.fault for found in findings.values() if found.fault is not None]
    return min(faults, key=lambda fault: fault.position, default=None)
