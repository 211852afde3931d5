"""Another service's topic as a feed: FastStream batches, partitions by hand, no group, places in PostgreSQL."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage, TopicPartition
from faststream.kafka.message import FAKE_CONSUMER

from shared.chain import Place
from shared.envelope import readable
from shared.gauges import SKIPPED
from shared.pace import Pace
from shared.parking import Pointer
from shared.pulse import beat
from shared.reader import FactMissing, Reader
from shared.records import PARTITIONS, Record
from shared.tails import tails_of
from shared.topics import ends_of, events_topic, looking, whole_start

log = logging.getLogger(__name__)

GAP_LIMIT = 30.0
STILL_LIMIT = 30.0
BATCH = 1_000
PACE = 0.02
WAIT_MS = 500


class GapOpen(Exception):
    """Records have not followed for too long: the topic may have been made anew. The feed starts again."""


class Stuck(Exception):
    """The topic holds records that the consumer does not bring, without an error. The feed starts again."""


class Moved(Exception):
    """The record of a place is not where it was: the topic was made anew, or lost its end."""


class Gap(NamedTuple):
    """Something is missing before this position."""

    before: int
    since: float


class Seen(NamedTuple):
    """At a look: when, how far each partition was read, and where it ended."""

    at: float
    places: Mapping[int, Place]
    ends: Mapping[int, int]


class TopicFeed:
    def __init__(self, bootstrap: str, reader: Reader) -> None:
        self._bootstrap = bootstrap
        self._reader = reader
        self._topic = events_topic(reader.source, reader.generation)
        self._turn = asyncio.Lock()
        self._pace = Pace(PACE)
        self._gaps: dict[int, Gap] = {}
        self._seen = Seen(asyncio.get_running_loop().time(), {}, {})
        self._searched: dict[tuple[int, int], int] = {}
        self._failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Endless. Raises whatever the reader raised, GapOpen, Stuck, and errors of Kafka."""
        await self._reader.start()
        offsets = await start_offsets(self._bootstrap, self._topic, self._reader.lowest())
        broker = KafkaBroker(self._bootstrap, logger=None, consumer_only=True)
        subscriber = broker.subscriber(
            partitions=[TopicPartition(self._topic, n) for n in range(PARTITIONS)],
            batch=True,
            ack_policy=AckPolicy.MANUAL,
            auto_offset_reset="earliest",
            batch_timeout_ms=1,
            max_records=BATCH,
            parser=as_they_are,
            decoder=lambda message: message.body,
        )
        subscriber(self._handle)
        try:
            await broker.connect()
            config: Any = broker.config.broker_config
            config.builder = functools.partial(PositionedConsumer, offsets, **config.builder.keywords)
            await broker.start()
            while True:
                await asyncio.wait([self._failed], timeout=1.0)
                if self._failed.done():
                    self._failed.result()
                self._check_gaps()
                await self._check_progress()
                async with self._turn:
                    await self._reader.retry_parked(self._fetch)
        finally:
            await broker.stop()

    async def _handle(self, message: KafkaMessage) -> None:
        """Never raises: FastStream would lose the batch without a word.

        An offset is stored for all before it: whatever a client does, they are taken in their order."""
        raw = sorted(message.raw_message, key=place_of)
        self._pace.begin()
        async with self._turn:
            if self._failed.done():
                return
            try:
                records = [record for one in raw if (record := readable(one)) is not None]
                if len(records) < len(raw):
                    SKIPPED.labels(self._reader.source, "no-relay").inc(len(raw) - len(records))
                    log.error("%s: %d messages that no relay wrote are skipped", self._topic, len(raw) - len(records))
                await self._reader.apply([self._beside_gap(record) for record in records])
                self._watch_gaps(records)
            except Exception as error:  # noqa: BLE001 - handed to run(), which raises it
                self._failed.set_exception(error)
        await self._pace.rest()

    def _beside_gap(self, record: Record) -> Record:
        """While something before it is missing, its offset is no place to start from."""
        return record._replace(offset=-1) if record.partition in self._gaps else record

    def _watch_gaps(self, records: Sequence[Record]) -> None:
        lowest, now = self._reader.lowest(), asyncio.get_running_loop().time()
        for record in records:
            if record.position > lowest[record.partition].position:
                self._gaps.setdefault(record.partition, Gap(record.position, now))
        self._gaps = {n: gap for n, gap in self._gaps.items() if gap.before > lowest[n].position}

    def _check_gaps(self) -> None:
        now = asyncio.get_running_loop().time()
        if any(now - gap.since > GAP_LIMIT for gap in self._gaps.values()):
            raise GapOpen(self._topic)

    async def _check_progress(self) -> None:
        """The client may bring nothing any more after a broker's restart, or stand behind records that came later to
        a topic made anew, and say nothing of it. So the topic is asked what follows on a place that rests."""
        now = asyncio.get_running_loop().time()
        if now - self._seen.at < STILL_LIMIT or self._turn.locked():
            return
        places = self._reader.lowest()
        resting = {n: place for n, place in places.items() if place == self._seen.places.get(n)}
        if await left_behind(self._bootstrap, self._topic, resting, self._seen.ends):
            raise Stuck(self._topic)
        self._seen = Seen(now, places, await ends_of(self._bootstrap, self._topic))

    async def _fetch(self, pointer: Pointer) -> Record:
        """The parked record: where it was, or where it is now if the topic was made anew. What was searched in vain is
        not searched again. Raises FactMissing."""
        partition = Partition(self._topic, pointer.partition)
        searched = self._searched.get((pointer.partition, pointer.position), 0)
        async with looking(self._bootstrap) as consumer:
            consumer.assign([partition])
            end = (await consumer.end_offsets([partition]))[partition]
            for offset, until in ((pointer.offset, pointer.offset + 1), (searched, end)):
                async for record in records_between(consumer, partition, offset, min(until, end)):
                    if record.position == pointer.position:
                        return record
        self._searched[pointer.partition, pointer.position] = end
        raise FactMissing(f"{self._topic}/{pointer.partition} does not hold position {pointer.position}")


async def records_between(
    consumer: AIOKafkaConsumer, partition: Partition, offset: int, end: int
) -> AsyncIterator[Record]:
    """What relays wrote, read by batches. Raises TimeoutError when nothing comes before the end."""
    consumer.seek(partition, max(offset, 0))
    while await consumer.position(partition) < end:
        beat()
        batch = (await consumer.getmany(partition, timeout_ms=10_000)).get(partition)
        if not batch:
            raise TimeoutError(f"{partition.topic}/{partition.partition} does not reach {end}")
        for message in batch:
            if (record := readable(message)) is not None:
                yield record


async def as_they_are(messages: tuple[Any, ...]) -> KafkaMessage:
    """FastStream would decode all headers, and lose the whole batch, without a word, for one that is no text."""
    return KafkaMessage(raw_message=messages, body=[], consumer=FAKE_CONSUMER)


def place_of(message: Any) -> tuple[int, int]:
    return message.partition, message.offset


class PositionedConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Starts each partition at the offset that PostgreSQL knows."""

    def __init__(self, offsets: Mapping[Partition, int], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offsets = offsets

    async def start(self) -> None:
        await whole_start(super().start())
        self.assign(list(self._offsets))
        for partition, offset in self._offsets.items():
            self.seek(partition, offset)

    async def getmany(self, *partitions: Partition, timeout_ms: int = 0, max_records: int | None = None) -> Any:
        """Waits until something comes. FastStream asks again and again, and sleeps in between, also when it comes."""
        return await super().getmany(*partitions, timeout_ms=WAIT_MS, max_records=max_records)


async def start_offsets(bootstrap: str, topic: str, places: Mapping[int, Place]) -> dict[Partition, int]:
    """Behind the record that each place names, if it is still where it was and the chain goes on there; else from the
    first offset, where the chain skips what is known."""
    partitions = [Partition(topic, n) for n in range(PARTITIONS)]
    async with looking(bootstrap) as consumer:
        first = await consumer.beginning_offsets(partitions)
        end = await consumer.end_offsets(partitions)
        offsets = dict(first)
        for partition in partitions:
            place = places.get(partition.partition, Place(0))
            if not first[partition] <= place.offset < end[partition]:
                continue
            with suppress(Moved):
                following = await next_of(consumer, partition, place, end[partition])
                if following is None or following.previous == place.position:
                    offsets[partition] = place.offset + 1
        return offsets


async def left_behind(bootstrap: str, topic: str, places: Mapping[int, Place], ends: Mapping[int, int]) -> bool:
    """Whether newer records stand behind one of these places, or its own record stands there no more."""
    partitions = {n: Partition(topic, n) for n in places if ends[n]}
    if not partitions:
        return False
    async with looking(bootstrap) as consumer:
        try:
            return any([await next_of(consumer, partitions[n], places[n], ends[n]) for n in partitions])
        except Moved:
            return True


async def next_of(consumer: AIOKafkaConsumer, partition: Partition, place: Place, end: int) -> Record | None:
    """The first newer record behind this place; between them may be duplicates. Raises Moved.

    It need not follow on the place: behind a second copy of a record, what follows may stand before it."""
    consumer.assign([partition])
    consumer.seek(partition, max(place.offset, 0))
    if place.offset >= 0:
        async with asyncio.timeout(10):
            record = readable(await consumer.getone(partition))
        if record is None or record.position != place.position:
            raise Moved
    while await consumer.position(partition) < end:
        async with asyncio.timeout(10):
            record = readable(await consumer.getone(partition))
        if record is not None and record.position > place.position:
            return record
    return None


async def tail_places(bootstrap: str, source: str, generation: int) -> dict[int, Place]:
    """Per partition the place of its last record."""
    tails = await tails_of(bootstrap, events_topic(source, generation))
    return {n: Place(tail.link.position, tail.link.offset) for n, tail in tails.items()}
