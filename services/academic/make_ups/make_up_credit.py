"""A make-up credit: somebody missed a lesson and may have another one for it, until a day."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived

State = Literal["open", "booked", "used", "expired", "taken-back"]
Why = Literal["mark", "goodwill", "lesson-cancelled"]
HowUsed = Literal["marked", "cancelled-late"]


class MakeUpNotOpen(Refused):
    """This credit is booked, used, expired or taken back."""


class MakeUpExpired(Refused):
    """The credit ends before this lesson begins."""


class MakeUpNotBooked(Refused):
    """No lesson is booked with this credit."""


@dataclass(frozen=True)
class Missed:
    """The lesson that a credit is for; `register_id` and `enrolment_id` name the mark, where one gave it."""

    class_id: UUID
    meeting_id: UUID | None = None
    held_on: date | None = None
    register_id: UUID | None = None
    enrolment_id: UUID | None = None


@dataclass(frozen=True)
class Booking:
    """`cancel_until`: when it is cancelled later, the credit is used."""

    place_id: UUID
    class_id: UUID
    meeting_id: UUID
    begins_at: datetime
    cancel_until: datetime


class MakeUpCredit(Aggregate):
    TOPIC = "academic.make_up_credit"

    class Created(Aggregate.Created):
        TOPIC = "academic.make_up_credit_created"  # never stored; the library asks for the name

    class Granted(Created):
        TOPIC = "academic.make_up_granted"
        PUBLIC = True
        person_id: UUID
        why: Why
        expires_at: datetime
        class_id: UUID
        meeting_id: UUID | None
        held_on: date | None
        register_id: UUID | None
        enrolment_id: UUID | None

    class Booked(Aggregate.Event):
        """The seat is taken in the same append."""

        TOPIC = "academic.make_up_booked"
        PUBLIC = True
        person_id: UUID
        place_id: UUID
        class_id: UUID
        meeting_id: UUID
        begins_at: datetime
        cancel_until: datetime

    class Released(Aggregate.Event):
        """The booking is gone, and the credit is there again."""

        TOPIC = "academic.make_up_released"
        PUBLIC = True
        person_id: UUID
        place_id: UUID

    class Used(Aggregate.Event):
        """The lesson of `meeting_id` costs nothing: it was paid with the credit. `how`: it was marked, present or not,
        or the booking was cancelled too late."""

        TOPIC = "academic.make_up_used"
        PUBLIC = True
        person_id: UUID
        place_id: UUID
        class_id: UUID
        meeting_id: UUID
        how: HowUsed

    class Expired(Aggregate.Event):
        TOPIC = "academic.make_up_expired"
        PUBLIC = True
        person_id: UUID

    class TakenBack(Aggregate.Event):
        """The mark that gave it was corrected before it was used."""

        TOPIC = "academic.make_up_taken_back"
        PUBLIC = True
        person_id: UUID

    class Restored(Aggregate.Event):
        """The mark was corrected once more, to what it was: the credit is as good as before."""

        TOPIC = "academic.make_up_restored"
        PUBLIC = True
        person_id: UUID

    class Flagged(Aggregate.Event):
        """The mark that gave it was corrected after it was used: somebody must look at it."""

        TOPIC = "academic.make_up_flagged"
        PUBLIC = True
        person_id: UUID

    @classmethod
    def grant(
        cls,
        id: UUID,
        tenant_id: UUID,
        person_id: UUID,
        missed: Missed,
        why: Why,
        expires_at: datetime,
        now: datetime,
    ) -> "MakeUpCredit":
        return cls(
            id=id,
            tenant_id=tenant_id,
            person_id=person_id,
            why=why,
            expires_at=expires_at,
            timestamp=now,
            **vars(missed),
        )

    @event(Granted)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        person_id: UUID,
        why: Why,
        expires_at: datetime,
        class_id: UUID,
        meeting_id: UUID | None,
        held_on: date | None,
        register_id: UUID | None,
        enrolment_id: UUID | None,
        timestamp: datetime,
    ) -> None:
        self.person_id = person_id
        self.expires_at = expires_at
        self.missed = Missed(class_id, meeting_id, held_on, register_id, enrolment_id)
        self.state: State = "open"
        self.booking: Booking | None = None
        self.flagged = False

    def book(self, booking: Booking, now: datetime) -> None:
        if self.state != "open":
            raise MakeUpNotOpen
        if not (now < self.expires_at and booking.begins_at < self.expires_at):
            raise MakeUpExpired(pointer="/meeting_id")
        self._booked(person_id=self.person_id, timestamp=now, **vars(booking))

    def cancel(self, now: datetime) -> Booking:
        """In time the credit is there again, later it is used. The place is free either way."""
        booking = self._is_booked()
        if now <= booking.cancel_until:
            self.release(now)
        else:
            self.use("cancelled-late", now)
        return booking

    def release(self, now: datetime) -> None:
        self._released(person_id=self.person_id, place_id=self._is_booked().place_id, timestamp=now)

    def use(self, how: HowUsed, now: datetime) -> None:
        booking = self._is_booked()
        self._used(
            person_id=self.person_id,
            place_id=booking.place_id,
            class_id=booking.class_id,
            meeting_id=booking.meeting_id,
            how=how,
            timestamp=now,
        )

    def expire(self, now: datetime) -> None:
        """Before its time nothing happens; a booked lesson may still be had."""
        if self.state == "open" and self.expires_at <= now:
            self._expired(person_id=self.person_id, timestamp=now)

    def take_back(self, now: datetime) -> None:
        """The absence was none. A used credit cannot be taken back, only flagged."""
        if self.state in ("open", "booked"):
            self._taken_back(person_id=self.person_id, timestamp=now)
        elif self.state == "used" and not self.flagged:
            self._flagged(person_id=self.person_id, timestamp=now)

    def restore(self, now: datetime) -> None:
        if self.state == "taken-back" or self.flagged:
            self._restored(person_id=self.person_id, timestamp=now)

    @event(Booked)
    def _booked(
        self,
        person_id: UUID,
        place_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        begins_at: datetime,
        cancel_until: datetime,
        timestamp: datetime,
    ) -> None:
        self.state = "booked"
        self.booking = Booking(place_id, class_id, meeting_id, begins_at, cancel_until)

    @event(Released)
    def _released(self, person_id: UUID, place_id: UUID, timestamp: datetime) -> None:
        self.state = "open"
        self.booking = None

    @event(Used)
    def _used(
        self,
        person_id: UUID,
        place_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        how: HowUsed,
        timestamp: datetime,
    ) -> None:
        self.state = "used"

    @event(Expired)
    def _expired(self, person_id: UUID, timestamp: datetime) -> None:
        self.state = "expired"

    @event(TakenBack)
    def _taken_back(self, person_id: UUID, timestamp: datetime) -> None:
        self.state = "taken-back"
        self.booking = None

    @event(Restored)
    def _restored(self, person_id: UUID, timestamp: datetime) -> None:
        if self.state == "taken-back":
            self.state = "open"
        self.flagged = False

    @event(Flagged)
    def _flagged(self, person_id: UUID, timestamp: datetime) -> None:
        self.flagged = True

    def _is_booked(self) -> Booking:
        if self.state != "booked" or self.booking is None:
            raise MakeUpNotBooked
        return self.booking


def credit_id(tenant_id: UUID, register_id: UUID, enrolment_id: UUID) -> UUID:
    """A mark gives one credit, however often it is corrected."""
    return derived(tenant_id, "make-up-credit", register_id, enrolment_id)
