"""Calendars over HTTP: days without teaching."""

from datetime import date
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import model_validator

from academic.calendars.calendar import DayIsTeaching
from academic.calendars.commands import add_non_teaching_days, days_between, remove_non_teaching_day
from academic.calendars.non_teaching_days import NonTeachingDay, NonTeachingDays, days_of
from academic.fields import Day, Title
from academic.orgs.org import root_org_id
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["calendar"])

MOST_DAYS = 366


class NewNonTeachingDays(Request):
    """From `first` to `last`, both included. Without an org they hold for the whole school."""

    title: Title
    first: Day
    last: Day
    org_id: UUID | None = None

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not 0 <= (self.last - self.first).days < MOST_DAYS:
            raise ValueError(f"last lies 0 to {MOST_DAYS - 1} days behind first")
        return self


class TeachingDay(Request):
    on: Day
    org_id: UUID | None = None


@router.post("/calendar/non-teaching-days", status_code=201, responses=problems(NotFound))
async def post_non_teaching_days(
    body: NewNonTeachingDays, caller: Annotated[Caller, may("school.write", creates=True)]
) -> Answer[Receipt]:
    """Mark days without teaching, for an org and all below it. Meetings that are planned on them stay."""
    org_id = body.org_id or root_org_id(caller.tenant_id)
    days = days_between(body.first, body.last)
    saved = await add_non_teaching_days(caller.store, caller.call, org_id, days, body.title)
    return caller.accepted(saved, "Days marked")


@router.post("/calendar/non-teaching-days/removal", responses=problems(NotFound, DayIsTeaching))
async def post_teaching_day(body: TeachingDay, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Teach on this day after all."""
    org_id = body.org_id or root_org_id(caller.tenant_id)
    return caller.accepted(await remove_non_teaching_day(caller.store, caller.call, org_id, body.on), "Day removed")


@router.get("/calendar/non-teaching-days")
async def get_non_teaching_days(
    paging: Page,
    caller: Annotated[Caller, may("school.read")],
    first: Day = date(1900, 1, 1),
    last: Day = date(2200, 1, 1),
) -> Answer[list[NonTeachingDay]]:
    """Days without teaching, by day."""
    async with caller.reading(NonTeachingDays) as read:
        days = await days_of(read, paging, first, last)
    return caller.page(days, "Days without teaching", read, paging, lambda day: (day.on, day.org_id))
