"""Aggregates and events of this project: thin over the eventsourcing library."""

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing import domain
from eventsourcing.domain import event

from shared.ids import uuid7

__all__ = ["Aggregate", "event"]


class Aggregate(domain.Aggregate):
    """One thing that decides. It belongs to one tenant for ever; its first event names it.

    `TOPIC` is its name in the store. `position` is the place in the log of the last event it was loaded from (0 for a
    new one)."""

    TOPIC: ClassVar[str]

    class Event(domain.Aggregate.Event):
        """A fact, stored under its `TOPIC`. `PUBLIC` events may be declared by other services and webhooks."""

        TOPIC: ClassVar[str]
        PUBLIC: ClassVar[bool] = False
        class_version: ClassVar[int] = 1

    class Created(Event, domain.Aggregate.Created):
        tenant_id: UUID

    def __base_init__(  # type: ignore[override] # the library passes what the signature names
        self, originator_id: Any, originator_version: int, timestamp: datetime, tenant_id: UUID
    ) -> None:
        super().__base_init__(originator_id, originator_version, timestamp)
        self._tenant_id = tenant_id
        self._position = 0

    @staticmethod
    def create_id(*_: Any, **__: Any) -> UUID:
        return uuid7()

    @property
    def tenant_id(self) -> UUID:
        return self._tenant_id

    @property
    def position(self) -> int:
        return self._position
