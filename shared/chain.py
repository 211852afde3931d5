"""The chain rule: a record is applied only on top of the one it names as its predecessor. Pure, driven by anyone."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.records import Record


class Place(NamedTuple):
    """How far a consumer has come in one partition."""

    position: int
    offset: int = -1


@dataclass
class Followed:
    """`fresh` is what may be applied, `places` where that leads; `broken` counts records behind a missing one."""

    fresh: list[Record] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)
    duplicates: int = 0
    broken: int = 0


def follow(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
    """Whatever wrote the partition, and however often, only its unbroken chain comes out.

    The offset of a record that came behind one that did not follow says nothing of what was read before it."""
    followed = Followed()
    reached = {partition: place.position for partition, place in places.items()}
    offsets: dict[int, int] = {}
    torn: set[int] = set()
    for record in records:
        partition = record.partition
        position = reached.get(partition, 0)
        if record.previous == position:
            followed.fresh.append(record)
            reached[partition] = record.position
            offsets[partition] = -1 if partition in torn else record.offset
        elif record.position <= position:
            followed.duplicates += 1
        else:
            followed.broken += 1
            torn.add(partition)
    followed.places = {partition: Place(reached[partition], offset) for partition, offset in offsets.items()}
    return followed
