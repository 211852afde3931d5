"""What can be done with the meetings of a class."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from academic.classes.class_ import Class
from academic.loading import as_seen
from academic.meetings.class_meeting import ClassMeeting, MeetingExists, Reason, Side
from academic.meetings.slot import Slot
from academic.orgs.commands import zone_of
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.store import EventStore, Taken


@command
async def plan_meetings(
    store: EventStore,
    call: Call,
    class_id: UUID,
    days: Mapping[UUID, date],
    starts: str,
    ends: str,
    zone: str | None = None,
) -> Saved:
    """`days`: the id that each meeting gets, and its day. Without a zone it is the one of the class's org."""
    class_ = await store.get(Class, class_id, call.tenant_id)
    class_.in_use()
    zone = zone or await zone_of(store, call, class_.details.org_id)
    meetings = [
        ClassMeeting.plan(id, call.tenant_id, class_id, Slot(day, starts, ends, zone), call.now)
        for id, day in days.items()
    ]
    claims = [place(meeting) for meeting in meetings]
    try:
        return await store.save(*meetings, call=call, claims=claims)
    except Taken:
        raise MeetingExists from None


@command
async def reschedule_meeting(
    store: EventStore, call: Call, meeting_id: UUID, held_on: date, starts: str, ends: str, reason: Reason
) -> Saved:
    async with store.turn(call, meeting_id):
        meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
        as_seen(call, meeting)
        before = place(meeting)
        meeting.reschedule(held_on, starts, ends, reason, call.now)
        after = place(meeting)
        moved = before != after
        try:
            return await store.save(
                meeting, call=call, claims=[after] if moved else [], releases=[before] if moved else []
            )
        except Taken:
            raise MeetingExists from None


@command
async def cancel_meeting(store: EventStore, call: Call, meeting_id: UUID, reason: Reason, cancelled_by: Side) -> Saved:
    async with store.turn(call, meeting_id):
        meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
        as_seen(call, meeting)
        meeting.cancel(reason, cancelled_by, call.now)
        return await store.save(meeting, call=call, releases=[place(meeting)])


def place(meeting: ClassMeeting) -> Claim:
    """A class has one meeting at a time on a day."""
    return Claim(meeting.tenant_id, "meeting", f"{meeting.class_id}:{meeting.slot.key}", meeting.id)
