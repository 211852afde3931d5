"""An absence notice: somebody says beforehand that a student will not come, and the school answers."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed

State = Literal["notified", "approved", "rejected", "withdrawn"]


class DaysReversed(Refused):
    """The last day does not lie before the first."""


class NoticeIsDecided(Refused):
    """This notice was approved, rejected or withdrawn."""


class AbsenceNotice(Aggregate):
    """From `first` to `last`, both included. Why somebody is away may tell of their health: it is sealed."""

    TOPIC = "academic.absence_notice"

    class Created(Aggregate.Created):
        TOPIC = "academic.absence_notice_created"  # never stored; the library asks for the name

    class Notified(Created):
        TOPIC = "academic.absence_notified"
        PUBLIC = True
        person_id: UUID
        first: date
        last: date
        reason: Sealed[str] | None

    class Approved(Aggregate.Event):
        TOPIC = "academic.absence_approved"
        PUBLIC = True
        person_id: UUID

    class Rejected(Aggregate.Event):
        TOPIC = "academic.absence_rejected"
        PUBLIC = True
        person_id: UUID
        answer: Sealed[str]

    class Withdrawn(Aggregate.Event):
        TOPIC = "academic.absence_notice_withdrawn"
        PUBLIC = True
        person_id: UUID

    @classmethod
    def notify(
        cls,
        id: UUID,
        tenant_id: UUID,
        person_id: UUID,
        first: date,
        last: date,
        reason: Sealed[str] | None,
        now: datetime,
    ) -> "AbsenceNotice":
        if last < first:
            raise DaysReversed(pointer="/last")
        return cls(
            id=id, tenant_id=tenant_id, person_id=person_id, first=first, last=last, reason=reason, timestamp=now
        )

    @event(Notified)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        person_id: UUID,
        first: date,
        last: date,
        reason: Sealed[str] | None,
        timestamp: datetime,
    ) -> None:
        self.person_id = person_id
        self.state: State = "notified"

    def approve(self, now: datetime) -> None:
        if self.state != "approved":
            self._undecided()
            self._approved(person_id=self.person_id, timestamp=now)

    def reject(self, answer: Sealed[str], now: datetime) -> None:
        if self.state != "rejected":
            self._undecided()
            self._rejected(person_id=self.person_id, answer=answer, timestamp=now)

    def withdraw(self, now: datetime) -> None:
        """Also after it was approved: the student comes after all."""
        if self.state == "rejected":
            raise NoticeIsDecided
        if self.state != "withdrawn":
            self._withdrawn(person_id=self.person_id, timestamp=now)

    @event(Approved)
    def _approved(self, person_id: UUID, timestamp: datetime) -> None:
        self.state = "approved"

    @event(Rejected)
    def _rejected(self, person_id: UUID, answer: Sealed[str], timestamp: datetime) -> None:
        self.state = "rejected"

    @event(Withdrawn)
    def _withdrawn(self, person_id: UUID, timestamp: datetime) -> None:
        self.state = "withdrawn"

    def _undecided(self) -> None:
        if self.state != "notified":
            raise NoticeIsDecided
