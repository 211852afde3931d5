"""Timetables as iCalendar files over HTTP."""

from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from academic.classes.class_ import Class
from academic.classes.own_classes import OWN_CLASSES, own_class
from academic.fields import Day
from academic.meetings.calendar_file import calendar_file
from academic.meetings.calendar_lines import Place, calendar_of
from academic.meetings.timetable import Timetable
from academic.people.own_family import FAMILY, own_family
from academic.people.person import Person
from academic.rooms.room import Room
from academic.rooms.room_list import RoomList, room_names
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["meetings"])

First = Annotated[Day | None, Query(alias="from", description="The first day (30 days ago)")]
Days = Annotated[int, Query(ge=1, le=400, description="How many days from then on")]
FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/calendar": {}}, "description": "The timetable as an iCalendar file"},
    **problems(NotFound),
}


@router.get("/classes/{class_id}/timetable.ics", response_class=Response, responses=FILE)
async def get_class_calendar(
    class_id: UUID,
    caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)],
    first: First = None,
    days: Days = 210,
) -> Response:
    """The meetings of a class for a calendar."""
    await caller.decide(own_class(class_id))
    await caller.store.get(Class, class_id, caller.tenant_id)
    return await file_of(caller, "class", class_id, first, days)


@router.get("/rooms/{room_id}/timetable.ics", response_class=Response, responses=FILE)
async def get_room_calendar(
    room_id: UUID, caller: Annotated[Caller, may("classes.read")], first: First = None, days: Days = 210
) -> Response:
    """The meetings in a room for a calendar."""
    await caller.store.get(Room, room_id, caller.tenant_id)
    return await file_of(caller, "room", room_id, first, days)


@router.get("/people/{person_id}/timetable.ics", response_class=Response, responses=FILE)
async def get_person_calendar(
    person_id: UUID,
    caller: Annotated[Caller, may("classes.read", rule=FAMILY)],
    first: First = None,
    days: Days = 210,
) -> Response:
    """The meetings that somebody teaches, or is enrolled in on their day, for a calendar. Families get their own."""
    await caller.decide(own_family(person_id))
    await caller.store.get(Person, person_id, caller.tenant_id)
    return await file_of(caller, "person", person_id, first, days)


async def file_of(caller: Caller, of: Place, id: UUID, first: date | None, days: int) -> Response:
    since = first or caller.now.date() - timedelta(days=30)
    async with caller.reading(Timetable) as read:
        lines = await calendar_of(read, of, id, since, since + timedelta(days=days))
    async with caller.reading(RoomList) as rooms:
        names = await room_names(rooms, {line.room_id for line in lines})
    named = [line.model_copy(update={"room": names.get(line.room_id)}) for line in lines]
    return Response(calendar_file(named), media_type="text/calendar", headers={"Cache-Control": "no-store"})
