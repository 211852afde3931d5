"""Attendance summaries over HTTP."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from academic.classes.class_list import ClassList, class_line
from academic.classes.own_classes import OWN_CLASSES, own_class, today
from academic.fields import Day
from academic.people.directory import Directory, names_of, person
from academic.people.own_family import FAMILY, own_family
from academic.registers.attendance_summary import AttendanceLine, Order, Wanted, attendance_of, place
from academic.registers.sheet import RegisterSheet
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["attendance"])

From = Annotated[Day, Query(alias="from", description="The first day that counts")]
To = Annotated[Day, Query(description="The last day that counts")]
FIRST, LAST = date(1900, 1, 1), date(2200, 1, 1)
Threshold = Annotated[int, Query(ge=1, le=100, description="Percentage of marked lessons that is enough")]
Reached = Annotated[bool | None, Query(description="Only students who attended enough, or only the others")]


@router.get("/classes/{class_id}/attendance-summary", responses=problems(NotFound))
async def get_class_summary(
    class_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)],
    first: From = FIRST,
    to: To = LAST,
    threshold: Threshold = 75,
    reached: Reached = None,
    order: Order = "student",
) -> Answer[list[AttendanceLine]]:
    """How often each student of a class was there: `order=share` begins with who was there least."""
    await caller.decide(own_class(class_id))
    async with caller.reading(ClassList) as classes:
        await class_line(classes, class_id, today(caller))
    async with caller.reading(RegisterSheet) as read:
        lines = await attendance_of(read, "class", class_id, paging, Wanted(first, to, threshold, reached, order))
    named = await with_names(caller, lines)
    return caller.page(named, "Attendance summary", read, paging, lambda line: place(line, order))


@router.get("/people/{person_id}/attendance-summary", responses=problems(NotFound))
async def get_person_summary(
    person_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=FAMILY)],
    first: From = FIRST,
    to: To = LAST,
    threshold: Threshold = 75,
    reached: Reached = None,
    order: Order = "student",
) -> Answer[list[AttendanceLine]]:
    """How often a student was there, class by class. Families see their own."""
    await caller.decide(own_family(person_id))
    async with caller.reading(Directory) as directory:
        await person(directory, caller.keyring, person_id)
    async with caller.reading(RegisterSheet) as read:
        lines = await attendance_of(read, "person", person_id, paging, Wanted(first, to, threshold, reached, order))
    named = await with_names(caller, lines)
    return caller.page(named, "Attendance summary", read, paging, lambda line: place(line, order))


async def with_names(caller: Caller, lines: Sequence[AttendanceLine]) -> list[AttendanceLine]:
    """The names are null for an erased person."""
    async with caller.reading(Directory) as read:
        names = await names_of(read, caller.keyring, {line.person_id for line in lines})
    found = [(line, names.get(line.person_id)) for line in lines]
    return [
        line
        if name is None
        else line.model_copy(update={"given_name": name.given_name, "family_name": name.family_name})
        for line, name in found
    ]
