"""How full classes are, over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Query

from academic.classes.class_list import ClassList
from academic.classes.own_classes import OWN_CLASSES, reached_classes, today
from academic.classes.seat_counts import Occupancy, seat_counts, waits_of
from academic.fields import Day
from academic.waitlists.waiting import Waiting
from shared.answers import Answer, Page
from shared.caller import Caller, may

router = APIRouter(tags=["classes"])


@router.get("/classes/occupancy")
async def get_occupancy(
    paging: Page,
    caller: Annotated[Caller, may("enrolments.read", rule=OWN_CLASSES)],
    on: Annotated[Day | None, Query(description="The day that counts (today, UTC)")] = None,
) -> Answer[list[Occupancy]]:
    """How full the open classes are on a day, by title."""
    only = await reached_classes(caller)
    day = on or today(caller)
    async with caller.reading(ClassList) as read:
        counts = await seat_counts(read, paging, day, only)
    async with caller.reading(Waiting) as waiting:
        waits = await waits_of(waiting, [line.id for line in counts], day)
    lines = [
        line.with_waiting(waits[line.id].reserved, waits[line.id].waiting)
        if line.id in waits
        else line.with_waiting(0, 0)
        for line in counts
    ]
    return caller.page(lines, "Occupancy", read, paging, lambda line: (line.title, line.id))
