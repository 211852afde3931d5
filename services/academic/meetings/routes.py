"""Class meetings over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, Field

from academic.classes.refusals import ClassIsClosed
from academic.fields import Clock, Day, Zone
from academic.meetings.class_meeting import (
    MeetingExists,
    MeetingIsCancelled,
    MeetingIsHeld,
    Reason,
    Side,
    TimesReversed,
)
from academic.meetings.commands import cancel_meeting, plan_meetings, reschedule_meeting
from academic.meetings.timetable import MeetingLine, Timetable, meeting, meetings_of
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["meetings"])


def once(days: tuple[Day, ...]) -> tuple[Day, ...]:
    if len(set(days)) < len(days):
        raise ValueError("a day stands in the list twice")
    return days


class NewMeetings(Request):
    """One meeting on each of these days, in local time. Without a zone it is the one of the class's org."""

    dates: Annotated[tuple[Day, ...], Field(min_length=1, max_length=200), AfterValidator(once)]
    starts: Clock
    ends: Clock
    zone: Zone | None = None


class Rescheduling(Request):
    held_on: Day
    starts: Clock
    ends: Clock
    reason: Reason


class Cancellation(Request):
    """`cancelled_by`: who called it off, the school or the student."""

    reason: Reason
    cancelled_by: Side = "school"


@router.post(
    "/classes/{class_id}/meetings",
    status_code=201,
    responses=problems(NotFound, ClassIsClosed, TimesReversed, MeetingExists),
)
async def post_meetings(
    class_id: UUID, body: NewMeetings, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[list[Receipt]]:
    """Plan meetings of a class on a list of days: all of them, or none."""
    days = {uuid7(): day for day in body.dates}
    saved = await plan_meetings(caller.store, caller.call, class_id, days, body.starts, body.ends, body.zone)
    caller.moved(saved)
    receipts = [Receipt(id=id, version=version) for id, version in zip(saved.ids, saved.versions, strict=True)]
    return Answer(data=receipts, message="Meetings planned")


@router.get("/classes/{class_id}/meetings", responses=problems(NotFound))
async def get_meetings(
    class_id: UUID, paging: Page, caller: Annotated[Caller, may("classes.read")]
) -> Answer[list[MeetingLine]]:
    """The meetings of a class, by day."""
    async with caller.reading(Timetable) as read:
        lines = await meetings_of(read, class_id, paging)
    return caller.page(lines, "Meetings", read, paging, lambda line: (line.held_on, line.starts, line.id))


@router.get("/meetings/{meeting_id}", responses=problems(NotFound))
async def get_meeting(meeting_id: UUID, caller: Annotated[Caller, may("classes.read")]) -> Answer[MeetingLine]:
    """One meeting."""
    async with caller.reading(Timetable) as read:
        line = await meeting(read, meeting_id)
    return caller.answer(line, "Meeting", read)


@router.post(
    "/meetings/{meeting_id}/rescheduling",
    responses=problems(NotFound, MeetingExists, MeetingIsCancelled, MeetingIsHeld, TimesReversed),
)
async def post_rescheduling(
    meeting_id: UUID, body: Rescheduling, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Move a planned meeting to another day or time."""
    saved = await reschedule_meeting(
        caller.store, caller.call, meeting_id, body.held_on, body.starts, body.ends, body.reason
    )
    return caller.accepted(saved, "Meeting rescheduled")


@router.post("/meetings/{meeting_id}/cancellation", responses=problems(NotFound, MeetingIsHeld))
async def post_cancellation(
    meeting_id: UUID, body: Cancellation, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Cancel a planned meeting."""
    saved = await cancel_meeting(caller.store, caller.call, meeting_id, body.reason, body.cancelled_by)
    return caller.accepted(saved, "Meeting cancelled")
