"""Open registers and teacher hours over HTTP."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from academic.classes.own_classes import OWN_CLASSES, reached_classes
from academic.classes.teaching import Teaching, with_orgs_below
from academic.fields import Day, Instant
from academic.people.directory import Directory, names_of
from academic.registers.day_book import DayBook
from academic.registers.open_registers import OpenRegister, Wanted, open_registers
from academic.registers.teacher_hours import TeacherHours, teacher_hours
from shared.answers import Answer, Page
from shared.caller import Caller, may

router = APIRouter(tags=["attendance"])

Month = Annotated[str, Query(pattern=r"^(19|20|21)[0-9]{2}-(0[1-9]|1[0-2])$", description="For example 2026-09")]
Teacher = Annotated[UUID | None, Query(description="Who teaches")]
Org = Annotated[UUID | None, Query(description="Classes of this org and of those below it")]


@router.get("/registers/open")
async def get_open_registers(
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)],
    over_at: Annotated[Instant | None, Query(description="Lessons that are over then (now)")] = None,
    teacher_id: Teacher = None,
    org_id: Org = None,
    first: Annotated[Day, Query(alias="from")] = date(1900, 1, 1),
    to: Day = date(2200, 1, 1),
) -> Answer[list[OpenRegister]]:
    """Lessons that are over and whose register is not taken, or not closed: the oldest first."""
    only = await reached_classes(caller)
    orgs = await below(caller, org_id)
    wanted = Wanted(over_at or caller.now, teacher_id, orgs, only, first, to)
    async with caller.reading(DayBook) as read:
        lines = await open_registers(read, paging, wanted)
    return caller.page(lines, "Open registers", read, paging, lambda line: (line.ended_at, line.meeting_id))


@router.get("/teacher-hours")
async def get_teacher_hours(
    month: Month,
    paging: Page,
    caller: Annotated[Caller, may("attendance.read", rule=("places",))],
    teacher_id: Teacher = None,
    org_id: Org = None,
    code: Annotated[str | None, Query(pattern=r"^[A-Z0-9]{1,8}$", description="Lessons with such a mark")] = None,
) -> Answer[list[TeacherHours]]:
    """What each teacher taught in a month, branch by branch and code by code; a substitution counts for who taught."""
    only = await reached_classes(caller)
    orgs = await below(caller, org_id)
    first = date.fromisoformat(f"{month}-01")
    async with caller.reading(DayBook) as read:
        lines = await teacher_hours(read, paging, first, teacher_id=teacher_id, org_ids=orgs, class_ids=only, code=code)
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, {line.person_id for line in lines})
    named = [
        line.model_copy(update=names[line.person_id].model_dump(exclude={"id"})) if line.person_id in names else line
        for line in lines
    ]
    return caller.page(named, "Teacher hours", read, paging, lambda line: (line.person_id, line.org_id))


async def below(caller: Caller, org_id: UUID | None) -> list[UUID] | None:
    if org_id is None:
        return None
    async with caller.reading(Teaching) as read:
        return sorted(await with_orgs_below(read, frozenset({org_id})))
