"""Who may sign a meeting or check in: those who have a seat in it, from half an hour before."""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from academic.classes.class_ import Class
from academic.meetings.class_meeting import ClassMeeting, MeetingIsCancelled
from academic.registers.commands import expected
from academic.registers.register import NotEnrolledThatDay
from shared.calls import Call
from shared.errors import Refused
from shared.store import EventStore

EARLY = timedelta(minutes=30)


class MeetingNotBegun(Refused):
    """This is possible from half an hour before the lesson."""


class Participants(NamedTuple):
    """A meeting with its class, and who has a seat in it: enrolment or place of a guest to person."""

    meeting: ClassMeeting
    class_: Class
    seats: dict[UUID, UUID]

    def enrolment_of(self, person_id: UUID | None) -> UUID:
        """Raises NotEnrolledThatDay."""
        for enrolment_id, seated in self.seats.items():
            if seated == person_id:
                return enrolment_id
        raise NotEnrolledThatDay

    def person_of(self, enrolment_id: UUID) -> UUID:
        """Raises NotEnrolledThatDay."""
        if enrolment_id not in self.seats:
            raise NotEnrolledThatDay(pointer="/enrolment_id")
        return self.seats[enrolment_id]

    def taking_place(self, now: datetime) -> None:
        """Raises MeetingIsCancelled, MeetingNotBegun."""
        if self.meeting.cancelled:
            raise MeetingIsCancelled
        if now < self.meeting.slot.begins_at - EARLY:
            raise MeetingNotBegun


async def participants_of(store: EventStore, call: Call, meeting_id: UUID) -> Participants:
    """Raises NotFound."""
    meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
    class_ = await store.get(Class, meeting.class_id, call.tenant_id)
    return Participants(meeting, class_, expected(class_, meeting_id, meeting.slot.held_on))
