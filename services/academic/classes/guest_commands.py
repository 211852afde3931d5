"""What can be done with guests of one meeting: give somebody a place, take it back."""

from typing import Literal
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.guests import GuestPlace, PlaceUnknown
from academic.loading import named
from academic.meetings.class_meeting import ClassMeeting
from academic.people.person import Person
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.store import EventStore


class PlaceIsMakeUp(Refused):
    """This place is paid with a make-up credit: cancel the booking of the credit."""


@command
async def seat_guest(
    store: EventStore,
    call: Call,
    meeting_id: UUID,
    place_id: UUID,
    person_id: UUID,
    kind: Literal["trial", "guest"],
) -> Saved:
    """Replies with the id of the place."""
    await named(store, call, Person, person_id, "/person_id")
    meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
    meeting.still_planned()
    async with store.turn(call, meeting.class_id):
        class_ = await store.get(Class, meeting.class_id, call.tenant_id)
        class_.seat_guest(place_id, GuestPlace(person_id, meeting_id, meeting.slot.held_on, kind), call.now)
        return await store.save(class_, call=call, reply={"place_id": str(place_id)})


@command
async def remove_guest(store: EventStore, call: Call, meeting_id: UUID, place_id: UUID) -> Saved:
    """A mark that the guest has stays. Raises PlaceUnknown."""
    meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
    async with store.turn(call, meeting.class_id):
        class_ = await store.get(Class, meeting.class_id, call.tenant_id)
        place = class_.guests.get(place_id)
        if place is None or place.meeting_id != meeting_id:
            raise PlaceUnknown
        if place.credit_id is not None:
            raise PlaceIsMakeUp
        class_.let_guest_go(place_id, call.now)
        return await store.save(class_, call=call)
