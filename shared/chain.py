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
    torn: set[int] = set()
    for record in records:
        place = followed.places.get(record.partition) or places.get(record.partition) or Place(0)
        if record.previous == place.position:
            followed.fresh.append(record)
            offset = -1 if record.partition in torn else record.offset
            followed.places[record.partition] = Place(record.position, offset)
        elif record.position <= place.position:
            followed.duplicates += 1
        else:
            followed.broken += 1
            torn.add(record.partition)
    return followed
