"""A room: a place where one meeting is at a time."""

from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class RoomIsRetired(Refused):
    """This room is not used any more."""


class Room(Aggregate):
    TOPIC = "academic.room"

    class Created(Aggregate.Created):
        TOPIC = "academic.room_created"  # never stored; the library asks for the name

    class Registered(Created):
        TOPIC = "academic.room_registered"
        PUBLIC = True
        name: str
        org_id: UUID
        capacity: int | None

    class CapacityChanged(Aggregate.Event):
        TOPIC = "academic.room_capacity_changed"
        PUBLIC = True
        capacity: int | None

    class Retired(Aggregate.Event):
        TOPIC = "academic.room_retired"
        PUBLIC = True

    @event(Registered)
    def __init__(
        self, id: UUID, tenant_id: UUID, name: str, org_id: UUID, capacity: int | None, timestamp: datetime
    ) -> None:
        self.name = name
        self.org_id = org_id
        self.capacity = capacity
        self.retired = False

    def change_capacity(self, capacity: int | None, now: datetime) -> None:
        if capacity != self.capacity:
            self.in_use()
            self._capacity_changed(capacity=capacity, timestamp=now)

    def retire(self, now: datetime) -> None:
        """Meetings that are planned in it stay where they are."""
        if not self.retired:
            self._retired(timestamp=now)

    def in_use(self) -> None:
        if self.retired:
            raise RoomIsRetired

    @event(CapacityChanged)
    def _capacity_changed(self, capacity: int | None, timestamp: datetime) -> None:
        self.capacity = capacity

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True
