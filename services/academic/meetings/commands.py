"""What can be done with one meeting of a class: move it, staff it, call it off."""

from datetime import date
from uuid import UUID

from academic.loading import as_seen, named
from academic.meetings.class_meeting import ClassMeeting, Reason, Side
from academic.meetings.occupancy import ClashReason, Occupancy, save_meetings
from academic.people.person import Person
from academic.rooms.room import Room
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def reschedule_meeting(
    store: EventStore,
    call: Call,
    meeting_id: UUID,
    held_on: date,
    starts: str,
    ends: str,
    reason: Reason,
    clash_reason: ClashReason | None = None,
) -> Saved:
    async with store.turn(call, meeting_id):
        meeting = await seen(store, call, meeting_id)
        before = Occupancy.of(meeting).all
        meeting.reschedule(held_on, starts, ends, reason, call.now, clash_reason)
        return await save_meetings(store, call, [meeting], before, may_clash=clash_reason is not None)


@command
async def move_room(
    store: EventStore, call: Call, meeting_id: UUID, room_id: UUID | None, clash_reason: ClashReason | None = None
) -> Saved:
    if room_id is not None:
        (await named(store, call, Room, room_id, "/room_id")).in_use()
    async with store.turn(call, meeting_id):
        meeting = await seen(store, call, meeting_id)
        before = Occupancy.of(meeting).all
        meeting.move_room(room_id, call.now, clash_reason)
        return await save_meetings(store, call, [meeting], before, may_clash=clash_reason is not None)


@command
async def substitute_teacher(
    store: EventStore,
    call: Call,
    meeting_id: UUID,
    absent_id: UUID | None,
    substitute_id: UUID | None,
    reason: Reason,
    clash_reason: ClashReason | None = None,
) -> Saved:
    if substitute_id is not None:
        await named(store, call, Person, substitute_id, "/substitute_id")
    async with store.turn(call, meeting_id):
        meeting = await seen(store, call, meeting_id)
        before = Occupancy.of(meeting).all
        meeting.substitute(absent_id, substitute_id, reason, call.now, clash_reason)
        return await save_meetings(store, call, [meeting], before, may_clash=clash_reason is not None)


@command
async def cancel_meeting(store: EventStore, call: Call, meeting_id: UUID, reason: Reason, cancelled_by: Side) -> Saved:
    """Its room and its teachers are free again."""
    async with store.turn(call, meeting_id):
        meeting = await seen(store, call, meeting_id)
        before = Occupancy.of(meeting).all
        meeting.cancel(reason, cancelled_by, call.now)
        return await save_meetings(store, call, [meeting], before)


async def seen(store: EventStore, call: Call, meeting_id: UUID) -> ClassMeeting:
    meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
    as_seen(call, meeting)
    return meeting
