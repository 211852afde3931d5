"""Feeds that trust the broker: its group's offset, the order of its records, or the numbers that it gives them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka import TopicPartition as Partition
from faststream import AckPolicy

from shared.chain import Followed, Place, follow
from shared.records import Record
from shared.topic_feed import TopicFeed

GROUP = "billing"
COMMIT_EVERY_MS = 20


class GroupConsumer(AIOKafkaConsumer):  # type: ignore[misc]
    """Begins where its group's offset is, which is committed as soon as records are fetched."""

    def __init__(self, offsets: Mapping[Partition, int], *args: Any, **kwargs: Any) -> None:
        given = {**kwargs, "group_id": GROUP, "auto_commit_interval_ms": COMMIT_EVERY_MS}
        super().__init__(*args, **given)
        self._offsets = offsets

    async def start(self) -> None:
        await super().start()
        self.assign(list(self._offsets))


def followed_where(
    follows: Callable[[Record, Place], bool], places: Mapping[int, Place], records: Iterable[Record]
) -> Followed:
    followed = Followed()
    for record in records:
        place = followed.places.get(record.partition) or places.get(record.partition) or Place(0)
        if follows(record, place):
            followed.fresh.append(record)
            followed.places[record.partition] = Place(record.position, record.offset)
        else:
            followed.duplicates += 1
    return followed


def newer(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
    """Whatever has a higher position follows, also over a hole."""
    return followed_where(lambda record, place: record.position > place.position, places, records)


def further(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
    """Whatever has a higher offset follows. The own log has none."""
    records = list(records)
    if any(record.offset < 0 for record in records):
        return follow(places, records)
    return followed_where(lambda record, place: record.offset > place.offset, places, records)


def as_it_is(feed: TopicFeed, record: Record) -> Record:
    """As it was before the simulator found a copy that was taken for a place while records before it were missing."""
    return record


async def flush(producer: AIOKafkaProducer) -> None:
    """What is still queued is sent."""
    await producer.stop()


@contextmanager
def acknowledge_first() -> Iterator[None]:
    """T2."""
    policies = SimpleNamespace(MANUAL=AckPolicy.ACK_FIRST)
    with (
        patch("shared.topic_feed.AckPolicy", policies),
        patch("shared.topic_feed.PositionedConsumer", GroupConsumer),
        patch("shared.reader.follow", newer),
    ):
        yield


@contextmanager
def no_chain() -> Iterator[None]:
    """T6."""
    with patch("shared.reader.follow", newer), patch("shared.relay.abort", flush):
        yield


@contextmanager
def by_offset() -> Iterator[None]:
    """T10. Also beside a gap a record keeps its offset: without one it would be taken for one of the own log."""
    with patch("shared.reader.follow", further), patch.object(TopicFeed, "_beside_gap", as_it_is):
        yield


TEETH = {"T2": acknowledge_first, "T6": no_chain, "T10": by_offset}
