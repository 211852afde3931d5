"""Class meetings over HTTP: read them, move, staff and cancel one."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import model_validator

from academic.classes.own_classes import OWN_CLASSES, own_class
from academic.fields import Clock, Day
from academic.meetings.clashes import allowed
from academic.meetings.class_meeting import (
    MeetingIsCancelled,
    MeetingIsHeld,
    NotTeaching,
    Reason,
    Side,
    TimeDoesNotExist,
    TimesOffGrid,
    TimesReversed,
)
from academic.meetings.commands import cancel_meeting, move_room, reschedule_meeting, substitute_teacher
from academic.meetings.occupancy import ClashReason, MeetingExists, RoomTaken, TeacherTaken
from academic.meetings.own_meetings import decide_on_meeting
from academic.meetings.timetable import MeetingLine, Timetable, meeting, meetings_of
from academic.people.person import Person
from academic.rooms.room import Room, RoomIsRetired
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["meetings"])


class Rescheduling(Request):
    """`clash_reason`: why it may take its room or teachers twice; a right of its own."""

    held_on: Day
    starts: Clock
    ends: Clock
    reason: Reason
    clash_reason: ClashReason | None = None


class RoomMove(Request):
    """null: no room."""

    room_id: UUID | None
    clash_reason: ClashReason | None = None


class Substitution(Request):
    """Without `absent_id` one more teacher comes, without `substitute_id` one is away and nobody comes."""

    absent_id: UUID | None = None
    substitute_id: UUID | None = None
    reason: Reason
    clash_reason: ClashReason | None = None

    @model_validator(mode="after")
    def _somebody(self) -> Self:
        if self.absent_id == self.substitute_id:
            raise ValueError("name who is away, or who comes, or both")
        return self


class Cancellation(Request):
    """`cancelled_by`: who called it off, the school or the student."""

    reason: Reason
    cancelled_by: Side = "school"


@router.get("/classes/{class_id}/meetings", responses=problems(NotFound))
async def get_meetings(
    class_id: UUID, paging: Page, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)]
) -> Answer[list[MeetingLine]]:
    """The meetings of a class, by day."""
    await caller.decide(own_class(class_id))
    async with caller.reading(Timetable) as read:
        lines = await meetings_of(read, "class", class_id, paging)
    return caller.page(lines, "Meetings", read, paging, lambda line: (line.held_on, line.starts, line.id))


@router.get("/rooms/{room_id}/meetings", responses=problems(NotFound))
async def get_room_meetings(
    room_id: UUID, paging: Page, caller: Annotated[Caller, may("classes.read")], first: Day = date(1900, 1, 1)
) -> Answer[list[MeetingLine]]:
    """The meetings in a room from a day on, by day."""
    await caller.store.get(Room, room_id, caller.tenant_id)
    async with caller.reading(Timetable) as read:
        lines = await meetings_of(read, "room", room_id, paging, first)
    return caller.page(lines, "Meetings", read, paging, lambda line: (line.held_on, line.starts, line.id))


@router.get("/people/{person_id}/meetings", responses=problems(NotFound))
async def get_teacher_meetings(
    person_id: UUID, paging: Page, caller: Annotated[Caller, may("classes.read")], first: Day = date(1900, 1, 1)
) -> Answer[list[MeetingLine]]:
    """The meetings that somebody teaches from a day on, by day."""
    await caller.store.get(Person, person_id, caller.tenant_id)
    async with caller.reading(Timetable) as read:
        lines = await meetings_of(read, "teacher", person_id, paging, first)
    return caller.page(lines, "Meetings", read, paging, lambda line: (line.held_on, line.starts, line.id))


@router.get("/meetings/{meeting_id}", responses=problems(NotFound))
async def get_meeting(
    meeting_id: UUID, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)]
) -> Answer[MeetingLine]:
    """One meeting."""
    await decide_on_meeting(caller, meeting_id)
    async with caller.reading(Timetable) as read:
        line = await meeting(read, meeting_id)
    return caller.answer(line, "Meeting", read)


@router.post(
    "/meetings/{meeting_id}/rescheduling",
    responses=problems(
        NotFound,
        MeetingExists,
        MeetingIsCancelled,
        MeetingIsHeld,
        TimesReversed,
        TimeDoesNotExist,
        TimesOffGrid,
        RoomTaken,
        TeacherTaken,
    ),
)
async def post_rescheduling(
    meeting_id: UUID, body: Rescheduling, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Move a planned meeting to another day or time, with its room and its teachers."""
    clash = allowed(caller, body.clash_reason)
    saved = await reschedule_meeting(
        caller.store, caller.call, meeting_id, body.held_on, body.starts, body.ends, body.reason, clash
    )
    return caller.accepted(saved, "Meeting rescheduled")


@router.post(
    "/meetings/{meeting_id}/room",
    responses=problems(NotFound, MeetingIsCancelled, MeetingIsHeld, RoomTaken, RoomIsRetired, TimesOffGrid),
)
async def post_room_move(
    meeting_id: UUID, body: RoomMove, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Put a planned meeting into another room."""
    clash = allowed(caller, body.clash_reason)
    return caller.accepted(await move_room(caller.store, caller.call, meeting_id, body.room_id, clash), "Room moved")


@router.post(
    "/meetings/{meeting_id}/substitution",
    responses=problems(NotFound, MeetingIsCancelled, MeetingIsHeld, NotTeaching, TeacherTaken, TimesOffGrid),
)
async def post_substitution(
    meeting_id: UUID, body: Substitution, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Let somebody else teach a planned meeting."""
    clash = allowed(caller, body.clash_reason)
    saved = await substitute_teacher(
        caller.store, caller.call, meeting_id, body.absent_id, body.substitute_id, body.reason, clash
    )
    return caller.accepted(saved, "Teacher substituted")


@router.post("/meetings/{meeting_id}/cancellation", responses=problems(NotFound, MeetingIsHeld))
async def post_cancellation(
    meeting_id: UUID, body: Cancellation, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Cancel a planned meeting. Its room and its teachers are free again."""
    saved = await cancel_meeting(caller.store, caller.call, meeting_id, body.reason, body.cancelled_by)
    return caller.accepted(saved, "Meeting cancelled")
