"""Planning over HTTP: meetings on a list of days, the weekly pattern of a class, and meetings from it."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, model_validator

from academic.classes.commands import set_weekly_pattern
from academic.classes.refusals import ClassIsClosed
from academic.classes.weekly_pattern import (
    DatesOfPatternReversed,
    PatternMissing,
    PatternOverlaps,
    TimesOfPatternReversed,
    WeeklyLesson,
    WeeklyPattern,
)
from academic.fields import Clock, Day, Zone
from academic.meetings.clashes import allowed
from academic.meetings.class_meeting import TimeDoesNotExist, TimesOffGrid, TimesReversed
from academic.meetings.occupancy import ClashReason, MeetingExists, RoomTaken, TeacherTaken
from academic.meetings.planning import TooManyMeetings, plan_from_pattern, plan_meetings
from academic.rooms.room import RoomIsRetired
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.calls import Saved
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["meetings"])

LONGEST = 400
"""Days of one planning from a pattern."""


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
    room_id: UUID | None = None
    clash_reason: ClashReason | None = None


class LessonOfWeek(Request):
    """`weekday`: 1 is Monday."""

    weekday: Annotated[int, Field(ge=1, le=7)]
    starts: Clock
    ends: Clock
    room_id: UUID | None = None


class NewPattern(Request):
    """From `begin_on` to before `end_on`, every `every` weeks."""

    lessons: Annotated[tuple[LessonOfWeek, ...], Field(min_length=1, max_length=50)]
    begin_on: Day
    end_on: Day
    every: Annotated[int, Field(ge=1, le=8)] = 1

    def pattern(self) -> WeeklyPattern:
        lessons = tuple(WeeklyLesson(**lesson.model_dump()) for lesson in self.lessons)
        return WeeklyPattern(lessons, self.begin_on, self.end_on, self.every)


class Period(Request):
    """From `first` to `last`, both included."""

    first: Day
    last: Day
    zone: Zone | None = None
    clash_reason: ClashReason | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last - self.first).days < LONGEST:
            raise ValueError(f"last lies 0 to {LONGEST - 1} days behind first")
        return self


class SkippedDay(BaseModel):
    """`why`: the title of the day without teaching, or `exists` for a meeting that was planned before."""

    on: date
    starts: str
    why: str


class PlannedMeetings(BaseModel):
    planned: list[Receipt]
    skipped: list[SkippedDay]


@router.post(
    "/classes/{class_id}/meetings",
    status_code=201,
    responses=problems(
        NotFound,
        ClassIsClosed,
        TimesReversed,
        TimeDoesNotExist,
        TimesOffGrid,
        MeetingExists,
        RoomTaken,
        TeacherTaken,
        RoomIsRetired,
    ),
)
async def post_meetings(
    class_id: UUID, body: NewMeetings, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[list[Receipt]]:
    """Plan meetings of a class on a list of days: all of them, or none."""
    clash = allowed(caller, body.clash_reason)
    days = {uuid7(): day for day in body.dates}
    saved = await plan_meetings(
        caller.store, caller.call, class_id, days, body.starts, body.ends, body.zone, body.room_id, clash
    )
    caller.moved(saved)
    return Answer(data=receipts(saved), message="Meetings planned")


@router.post(
    "/classes/{class_id}/weekly-pattern",
    responses=problems(
        NotFound, ClassIsClosed, PatternOverlaps, TimesOfPatternReversed, DatesOfPatternReversed, RoomIsRetired
    ),
)
async def post_weekly_pattern(
    class_id: UUID, body: NewPattern, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Say when a class meets, week after week. Meetings that are planned already stay as they are."""
    saved = await set_weekly_pattern(caller.store, caller.call, class_id, body.pattern())
    return caller.accepted(saved, "Weekly pattern set")


@router.post(
    "/classes/{class_id}/meetings/from-pattern",
    status_code=201,
    responses=problems(
        NotFound,
        ClassIsClosed,
        PatternMissing,
        TooManyMeetings,
        TimeDoesNotExist,
        TimesOffGrid,
        RoomTaken,
        TeacherTaken,
        RoomIsRetired,
    ),
)
async def post_meetings_from_pattern(
    class_id: UUID, body: Period, caller: Annotated[Caller, may("classes.write", creates=True)]
) -> Answer[PlannedMeetings]:
    """Plan the meetings of the weekly pattern between two days, without those on days off: all of them, or none. To
    plan again adds only what is missing."""
    clash = allowed(caller, body.clash_reason)
    saved = await plan_from_pattern(caller.store, caller.call, class_id, body.first, body.last, body.zone, clash)
    if saved.ids:
        caller.moved(saved)
    skipped = [SkippedDay(**each) for each in saved.reply["skipped"]]
    return Answer(data=PlannedMeetings(planned=receipts(saved), skipped=skipped), message="Meetings planned")


def receipts(saved: Saved) -> list[Receipt]:
    return [Receipt(id=id, version=version) for id, version in zip(saved.ids, saved.versions, strict=True)]
