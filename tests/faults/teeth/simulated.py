"""Teeth for the simulator: broken builds of the kernel's rules, each a context that swaps functions of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from shared.chain import Followed, Place, follow
from shared.database import Connection
from shared.envelope import event_id_of, readable
from shared.facts import Fact
from shared.members import Member
from shared.positions import Move
from shared.reacting import Reacting
from shared.reactions import Reaction, call_of
from shared.records import Record
from shared.tails import Link, Tail, tails_of
from shared.topic_feed import next_of
from tests.faults.teeth.broken_feeds import as_it_is
from tests.faults.teeth.teeth import Tooth

Rule = Callable[[Record, Place], bool]


def following(applies: Rule) -> Callable[[Mapping[int, Place], Iterable[Record]], Followed]:
    """A consumer with this rule in place of the chain."""

    def follow_by_rule(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
        followed = Followed()
        for record in records:
            place = followed.places.get(record.partition) or places.get(record.partition) or Place(0)
            if applies(record, place):
                followed.fresh.append(record)
                followed.places[record.partition] = Place(record.position, record.offset)
        return followed

    return follow_by_rule


def follow_offsets(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
    """The own log has no offsets."""
    found = list(records)
    by_offset = following(lambda record, place: record.offset > place.offset)
    return (by_offset if found and found[0].offset >= 0 else follow)(places, found)


async def flush(producer: Any) -> None:
    """Sends what is queued, after an error too."""
    await producer.stop()


async def move_blindly(connection: Connection, source: str, generation: int, moves: list[Move]) -> None:
    for one in moves:
        await connection.execute(
            "UPDATE positions SET position = %s, kafka_offset = %s"
            " WHERE consumer = %s AND source = %s AND generation = %s AND partition = %s",
            (one.to.position, one.to.offset, one.consumer, source, generation, one.partition),
        )


def call_without_derived_key(reaction: Reaction, fact: Fact[Any]) -> Any:
    return replace(call_of(reaction, fact), key=None)


def member_without_key(**values: Any) -> Member:
    return Member(**values | {"key": None})


async def move_before_effects(
    self: Reacting, followed: Mapping[str, Followed], places: Mapping[str, Mapping[int, Place]]
) -> None:
    await REACT(self, {name: replace(one, fresh=[]) for name, one in followed.items()}, places)
    for work in self._by_tenant(followed).values():
        await self._in_order(work, set())


REACT = Reacting.apply


async def tails_as_noted(kafka: str, topic: str, noted: Mapping[int, Link]) -> dict[int, Tail]:
    """A relay that believes its own notes."""
    return {n: Tail(noted[n], tail.end) for n, tail in (await tails_of(kafka, topic, noted)).items()}


async def walk_for_ever(consumer: Any, partition: Any, end: int) -> Link:
    """As `walk` was before the simulator found that a topic may be cut while it is walked."""
    link = Link()
    await consumer.seek_to_beginning(partition)
    while await consumer.position(partition) < end:
        for message in (await consumer.getmany(partition, timeout_ms=10_000)).get(partition, []):
            record = readable(message)
            if record is not None and message.offset < end and record.previous == link.position:
                link = Link(record.position, event_id_of(record), record.offset)
    return link


async def trusting(consumer: Any, partition: Any, place: Place, end: int) -> Record | None:
    """As a feed's start check was before the simulator found that the next record may stand before a second copy."""
    record = await next_of(consumer, partition, place, end)
    return None if record is None else record._replace(previous=place.position)


async def never_behind(*_: Any) -> bool:
    """As it was before the simulator found a feed at the end of a quiet topic with records unread."""
    return False


def tooth(**swaps: object) -> Tooth:
    """`module__name=value` of the kernel."""

    @contextmanager
    def bitten() -> Iterator[None]:
        with ExitStack() as stack:
            for name, value in swaps.items():
                stack.enter_context(patch(f"shared.{name.replace('__', '.')}", value))
            yield

    return bitten


TRUSTED = {"reader__follow": following(lambda record, place: record.previous == place.position)} | {
    "topic_feed__TopicFeed._beside_gap": as_it_is
}
FOUND: dict[str, Tooth] = {
    "walk without end": tooth(tails__walk=walk_for_ever),
    "start behind a copy": tooth(topic_feed__next_of=trusting, **TRUSTED),
    "place beside a gap": tooth(**TRUSTED),
    "rest with records unread": tooth(topic_feed__left_behind=never_behind),
}
"""What the simulator found in the kernel itself: rare, so the corpus says where."""

LATER = following(lambda record, place: record.position > place.position)

SIMULATED: dict[str, Tooth] = {
    "T6": tooth(reader__follow=LATER, relay__abort=flush),
    "position above the last": tooth(reader__follow=LATER),
    "every record is applied": tooth(reader__follow=following(lambda *_: True)),
    "told apart by offset": tooth(reader__follow=follow_offsets),
    "positions set blindly": tooth(filling__move=move_blindly, reacting__move=move_blindly),
    "reaction without derived key": tooth(reacting__call_of=call_without_derived_key),
    "reaction moves before its effects": tooth(reacting__Reacting__apply=move_before_effects),
    "command without key": tooth(store__Member=member_without_key),
    "relay believes its notes": tooth(relay__tails_of=tails_as_noted),
}
