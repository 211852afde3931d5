"""An academic session: a period of the school (school year, semester, term, grading period)."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event

SessionType = Literal["schoolYear", "semester", "term", "gradingPeriod"]


class SessionDatesReversed(Refused):
    """A session ends after it starts."""


class SessionIsClosed(Refused):
    """This academic session is closed."""


class SessionInsideItself(Refused):
    """A session cannot lie inside itself."""


@dataclass(frozen=True)
class SessionDetails:
    type: str
    title: str
    start_on: date
    end_on: date
    school_year: str | None = None
    parent_id: UUID | None = None


class AcademicSession(Aggregate):
    TOPIC = "academic.academic_session"

    class Created(Aggregate.Created):
        TOPIC = "academic.academic_session_created"  # never stored; the library asks for the name

    class Opened(Created):
        TOPIC = "academic.academic_session_opened"
        PUBLIC = True
        type: str
        title: str
        start_on: date
        end_on: date
        school_year: str | None
        parent_id: UUID | None
        source_id: str | None

    class DatesChanged(Aggregate.Event):
        TOPIC = "academic.academic_session_dates_changed"
        PUBLIC = True
        start_on: date
        end_on: date

    class Revised(Aggregate.Event):
        """More than the dates was changed in one go."""

        TOPIC = "academic.academic_session_revised"
        PUBLIC = True
        type: str
        title: str
        start_on: date
        end_on: date
        school_year: str | None
        parent_id: UUID | None

    class Closed(Aggregate.Event):
        TOPIC = "academic.academic_session_closed"
        PUBLIC = True

    class Reopened(Aggregate.Event):
        TOPIC = "academic.academic_session_reopened"
        PUBLIC = True

    @classmethod
    def open(
        cls, id: UUID, tenant_id: UUID, details: SessionDetails, source_id: str | None, now: datetime
    ) -> "AcademicSession":
        _in_order(details)
        return cls(id=id, tenant_id=tenant_id, source_id=source_id, timestamp=now, **vars(details))

    @event(Opened)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        type: str,
        title: str,
        start_on: date,
        end_on: date,
        school_year: str | None,
        parent_id: UUID | None,
        source_id: str | None,
        timestamp: datetime,
    ) -> None:
        self.details = SessionDetails(type, title, start_on, end_on, school_year, parent_id)
        self.source_id = source_id
        self.closed = False

    def change_dates(self, start_on: date, end_on: date, now: datetime) -> None:
        self.revise(replace(self.details, start_on=start_on, end_on=end_on), now)

    def revise(self, details: SessionDetails, now: datetime) -> None:
        """All values at once."""
        if details == self.details:
            return
        if self.closed:
            raise SessionIsClosed
        if details.parent_id == self.id:
            raise SessionInsideItself(pointer="/parent_id")
        _in_order(details)
        if details == replace(self.details, start_on=details.start_on, end_on=details.end_on):
            self._dates_changed(start_on=details.start_on, end_on=details.end_on, timestamp=now)
        else:
            self._revised(timestamp=now, **vars(details))

    def close(self, now: datetime) -> None:
        if not self.closed:
            self._closed(timestamp=now)

    def reopen(self, now: datetime) -> None:
        if self.closed:
            self._reopened(timestamp=now)

    @event(DatesChanged)
    def _dates_changed(self, start_on: date, end_on: date, timestamp: datetime) -> None:
        self.details = replace(self.details, start_on=start_on, end_on=end_on)

    @event(Revised)
    def _revised(
        self,
        type: str,
        title: str,
        start_on: date,
        end_on: date,
        school_year: str | None,
        parent_id: UUID | None,
        timestamp: datetime,
    ) -> None:
        self.details = SessionDetails(type, title, start_on, end_on, school_year, parent_id)

    @event(Closed)
    def _closed(self, timestamp: datetime) -> None:
        self.closed = True

    @event(Reopened)
    def _reopened(self, timestamp: datetime) -> None:
        self.closed = False


def _in_order(details: SessionDetails) -> None:
    if details.end_on <= details.start_on:
        raise SessionDatesReversed(f"It starts on {details.start_on} and ends on {details.end_on}.", pointer="/end_on")
