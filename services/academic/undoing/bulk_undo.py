"""The undo of a bulk action: what was asked to be undone, and what came of it. Its id is its own correlation id."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived

PAGE = 500
"""Lines of one event."""
LISTED = 5_000
"""Lines that are kept; the counts go beyond."""


@dataclass(frozen=True)
class KeptItem:
    """Something that stays as it is, and why. `part`: an enrolment of a class, a day of a calendar."""

    kind: str
    id: UUID
    part: str | None
    reason: str


class BulkUndo(Aggregate):
    TOPIC = "academic.bulk_undo"

    class Created(Aggregate.Created):
        TOPIC = "academic.bulk_undo_created"  # never stored; the library asks for the name

    class Begun(Created):
        TOPIC = "academic.bulk_undo_begun"
        undone_id: UUID

    class ItemsKept(Aggregate.Event):
        """A page of what stays; `first` is the number of its first line."""

        TOPIC = "academic.bulk_undo_items_kept"
        first: int
        items: tuple[KeptItem, ...]

    class Finished(Aggregate.Event):
        TOPIC = "academic.bulk_undo_finished"
        undone: int
        kept: int

    @event(Begun)
    def __init__(self, *, id: UUID, tenant_id: UUID, undone_id: UUID, timestamp: datetime) -> None:
        self.undone_id = undone_id
        self.state: Literal["begun", "finished"] = "begun"
        self.items: tuple[KeptItem, ...] = ()
        self.undone = 0
        self.kept = 0

    def finish(self, undone: int, kept: Sequence[KeptItem], now: datetime) -> None:
        """Again, when it was tried once more and more could be undone."""
        if self.state == "finished" and (self.undone, self.items) == (undone, tuple(kept[:LISTED])):
            return
        for first, page in _pages(kept[:LISTED]):
            self._items_kept(first=first, items=page, timestamp=now)
        self._finished(undone=undone, kept=len(kept), timestamp=now)

    @event(ItemsKept)
    def _items_kept(self, first: int, items: tuple[KeptItem, ...], timestamp: datetime) -> None:
        self.items = (*self.items[:first], *items)

    @event(Finished)
    def _finished(self, undone: int, kept: int, timestamp: datetime) -> None:
        self.state = "finished"
        self.undone = undone
        self.kept = kept
        self.items = self.items[:kept]


def undo_id(tenant_id: UUID, correlation_id: UUID) -> UUID:
    """Derived: a bulk action is undone once, however often that is asked for."""
    return derived(tenant_id, "undo", correlation_id)


def _pages(items: Sequence[KeptItem]) -> Iterator[tuple[int, tuple[KeptItem, ...]]]:
    for first in range(0, len(items), PAGE):
        yield first, tuple(items[first : first + PAGE])
