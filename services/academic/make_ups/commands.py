"""What can be done with a make-up credit: grant it by hand, book a lesson, cancel the booking, let it expire."""

from datetime import timedelta
from typing import Literal
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.guests import GuestPlace
from academic.loading import as_seen, named
from academic.make_ups.make_up_credit import Booking, MakeUpCredit, Missed
from academic.meetings.class_meeting import ClassMeeting
from academic.people.person import Person
from academic.rules.commands import rules_of
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def grant_make_up(
    store: EventStore,
    call: Call,
    credit_id: UUID,
    person_id: UUID,
    class_id: UUID,
    why: Literal["goodwill", "lesson-cancelled"],
) -> Saved:
    """For a lesson of this class that no mark speaks of."""
    await named(store, call, Person, person_id, "/person_id")
    await named(store, call, Class, class_id, "/class_id")
    policy = (await rules_of(store, call)).make_up
    until = call.now + timedelta(days=policy.days_valid)
    credit = MakeUpCredit.grant(credit_id, call.tenant_id, person_id, Missed(class_id), why, until, call.now)
    return await store.save(credit, call=call)


@command
async def book_make_up(store: EventStore, call: Call, credit_id: UUID, meeting_id: UUID, place_id: UUID) -> Saved:
    """Takes a seat in that one meeting, in the append of the booking. Replies with the id of the place."""
    meeting = await named(store, call, ClassMeeting, meeting_id, "/meeting_id")
    notice = timedelta(hours=(await rules_of(store, call)).make_up.cancel_notice_hours)
    begins_at = meeting.slot.begins_at
    async with store.turn(call, credit_id, meeting.class_id):
        credit = await store.get(MakeUpCredit, credit_id, call.tenant_id)
        as_seen(call, credit)
        meeting.still_planned()
        class_ = await store.get(Class, meeting.class_id, call.tenant_id)
        credit.book(Booking(place_id, class_.id, meeting_id, begins_at, begins_at - notice), call.now)
        place = GuestPlace(credit.person_id, meeting_id, meeting.slot.held_on, "make-up", credit_id)
        class_.seat_guest(place_id, place, call.now)
        return await store.save(credit, class_, call=call, reply={"place_id": str(place_id)})


@command
async def cancel_make_up(store: EventStore, call: Call, credit_id: UUID) -> Saved:
    """Frees the seat. In time the credit is there again, later it is used."""
    booked = (await store.get(MakeUpCredit, credit_id, call.tenant_id)).booking
    async with store.turn(call, credit_id, *([] if booked is None else [booked.class_id])):
        credit = await store.get(MakeUpCredit, credit_id, call.tenant_id)
        as_seen(call, credit)
        booking = credit.cancel(call.now)
        class_ = await store.get(Class, booking.class_id, call.tenant_id)
        class_.let_guest_go(booking.place_id, call.now)
        return await store.save(credit, class_, call=call)


@command
async def expire_make_up(store: EventStore, call: Call, credit_id: UUID) -> Saved:
    return await store.change(MakeUpCredit, credit_id, lambda credit: credit.expire(call.now), call=call)
