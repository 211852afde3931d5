"""A calendar: the days of one year on which an org, and all below it, does not teach."""

from datetime import date, datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived


class DayIsTeaching(Refused):
    """This day is not marked as one without teaching."""


class Calendar(Aggregate):
    """One stream for each org and year, so that none grows for ever."""

    TOPIC = "academic.calendar"

    class Created(Aggregate.Created):
        TOPIC = "academic.calendar_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.calendar_started"
        org_id: UUID
        year: int

    class NonTeachingDayAdded(Aggregate.Event):
        TOPIC = "academic.non_teaching_day_added"
        PUBLIC = True
        org_id: UUID
        on: date
        title: str

    class NonTeachingDayRemoved(Aggregate.Event):
        TOPIC = "academic.non_teaching_day_removed"
        PUBLIC = True
        org_id: UUID
        on: date

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, org_id: UUID, year: int, timestamp: datetime) -> None:
        self.org_id = org_id
        self.days: dict[date, str] = {}

    def add(self, on: date, title: str, now: datetime) -> None:
        """A day that is in already gets the new title."""
        if self.days.get(on) != title:
            self._non_teaching_day_added(org_id=self.org_id, on=on, title=title, timestamp=now)

    def remove(self, on: date, now: datetime) -> None:
        if on not in self.days:
            raise DayIsTeaching(pointer="/on")
        self._non_teaching_day_removed(org_id=self.org_id, on=on, timestamp=now)

    @event(NonTeachingDayAdded)
    def _non_teaching_day_added(self, org_id: UUID, on: date, title: str, timestamp: datetime) -> None:
        self.days[on] = title

    @event(NonTeachingDayRemoved)
    def _non_teaching_day_removed(self, org_id: UUID, on: date, timestamp: datetime) -> None:
        del self.days[on]


def calendar_id(tenant_id: UUID, org_id: UUID, year: int) -> UUID:
    return derived(tenant_id, "calendar", org_id, year)
