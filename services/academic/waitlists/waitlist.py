"""A waiting list: who wants a seat in a class that is full, in which order, and to whom one is offered."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from academic.classes.seats import Enrolment
from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.ids import derived

OFFER = timedelta(hours=48)
"""For as long a seat is kept for whom it was offered to."""
WhenFree = Literal["offer", "enrol"]
"""What becomes of somebody whose turn it is: is asked, or is in at once."""


class AlreadyWaiting(Refused):
    """This person waits for a seat in this class already."""


class NotWaiting(NotFound):
    """Nobody waits under this id."""


class NoOffer(Refused):
    """No seat is offered to this person now."""


@dataclass(frozen=True)
class Entry:
    """`id` is that of the enrolment that it may become; `offered_until` None: still waiting."""

    id: UUID
    stay: Enrolment
    when_free: WhenFree
    offered_until: datetime | None = None


class Waitlist(Aggregate):
    """First come, first served."""

    TOPIC = "academic.waitlist"

    class Created(Aggregate.Created):
        TOPIC = "academic.waitlist_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.waitlist_started"
        class_id: UUID

    class Joined(Aggregate.Event):
        TOPIC = "academic.waitlist_joined"
        PUBLIC = True
        class_id: UUID
        enrolment_id: UUID
        person_id: UUID
        begin_on: date | None
        end_on: date | None
        when_free: WhenFree

    class Left(Aggregate.Event):
        TOPIC = "academic.waitlist_left"
        PUBLIC = True
        class_id: UUID
        enrolment_id: UUID
        person_id: UUID

    class SeatOffered(Aggregate.Event):
        TOPIC = "academic.seat_offered"
        PUBLIC = True
        class_id: UUID
        enrolment_id: UUID
        person_id: UUID
        until: datetime

    class OfferLapsed(Aggregate.Event):
        TOPIC = "academic.offer_lapsed"
        PUBLIC = True
        class_id: UUID
        enrolment_id: UUID
        person_id: UUID

    class Promoted(Aggregate.Event):
        """The enrolment is stored in the same append."""

        TOPIC = "academic.waitlist_promoted"
        PUBLIC = True
        class_id: UUID
        enrolment_id: UUID
        person_id: UUID

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, class_id: UUID, timestamp: datetime) -> None:
        self.class_id = class_id
        self.entries: dict[UUID, Entry] = {}

    def join(self, enrolment_id: UUID, stay: Enrolment, when_free: WhenFree, now: datetime) -> None:
        if enrolment_id in self.entries:
            return
        if any(each.stay.person_id == stay.person_id for each in self.entries.values()):
            raise AlreadyWaiting(pointer="/person_id")
        self._joined(class_id=self.class_id, enrolment_id=enrolment_id, when_free=when_free, timestamp=now, **stay.told)

    def leave(self, enrolment_id: UUID, now: datetime) -> None:
        """Also somebody who has an offer."""
        self._left(timestamp=now, **self._told(enrolment_id))

    def offer(self, enrolment_id: UUID, now: datetime) -> None:
        self._seat_offered(until=now + OFFER, timestamp=now, **self._told(enrolment_id))

    def lapse(self, enrolment_id: UUID, now: datetime) -> None:
        """The next in line is asked; who did not answer is out. Before its time nothing happens."""
        entry = self.entries.get(enrolment_id)
        if entry is not None and entry.offered_until is not None and entry.offered_until <= now:
            self._offer_lapsed(timestamp=now, **self._told(enrolment_id))

    def accept(self, enrolment_id: UUID, now: datetime) -> Enrolment:
        """The stay that is to be enrolled now. Raises NotWaiting, NoOffer."""
        entry = self._entry(enrolment_id)
        if entry.offered_until is None or entry.offered_until <= now:
            raise NoOffer
        return self.promote(enrolment_id, now)

    def promote(self, enrolment_id: UUID, now: datetime) -> Enrolment:
        stay = self._entry(enrolment_id).stay
        self._promoted(timestamp=now, **self._told(enrolment_id))
        return stay

    @property
    def waiting(self) -> list[Entry]:
        """Those without an offer, in their order."""
        return [each for each in self.entries.values() if each.offered_until is None]

    @event(Joined)
    def _joined(
        self,
        class_id: UUID,
        enrolment_id: UUID,
        person_id: UUID,
        begin_on: date | None,
        end_on: date | None,
        when_free: WhenFree,
        timestamp: datetime,
    ) -> None:
        self.entries[enrolment_id] = Entry(enrolment_id, Enrolment(person_id, begin_on, end_on), when_free)

    @event(Left)
    def _left(self, class_id: UUID, enrolment_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        del self.entries[enrolment_id]

    @event(SeatOffered)
    def _seat_offered(
        self, class_id: UUID, enrolment_id: UUID, person_id: UUID, until: datetime, timestamp: datetime
    ) -> None:
        self.entries[enrolment_id] = replace(self.entries[enrolment_id], offered_until=until)

    @event(OfferLapsed)
    def _offer_lapsed(self, class_id: UUID, enrolment_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        del self.entries[enrolment_id]

    @event(Promoted)
    def _promoted(self, class_id: UUID, enrolment_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        del self.entries[enrolment_id]

    def _entry(self, enrolment_id: UUID) -> Entry:
        if enrolment_id not in self.entries:
            raise NotWaiting
        return self.entries[enrolment_id]

    def _told(self, enrolment_id: UUID) -> dict[str, UUID]:
        entry = self._entry(enrolment_id)
        return {"class_id": self.class_id, "enrolment_id": enrolment_id, "person_id": entry.stay.person_id}


def waitlist_id(tenant_id: UUID, class_id: UUID) -> UUID:
    return derived(tenant_id, "waitlist", class_id)
