"""How much rooms are used, over HTTP."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from academic.fields import Day
from academic.meetings.timetable import Timetable
from academic.rooms.room_list import RoomList, rooms
from academic.rooms.room_use import RoomUse, room_use, use_of
from shared.answers import Answer, Page
from shared.caller import Caller, may

router = APIRouter(tags=["rooms"])


@router.get("/rooms/use")
async def get_room_use(
    paging: Page,
    caller: Annotated[Caller, may("classes.read")],
    on: Annotated[Day | None, Query(description="A day of the week that counts (today, UTC)")] = None,
) -> Answer[list[RoomUse]]:
    """How many meetings each room has in a week, and for how long it is taken."""
    day = on or caller.now.date()
    monday = day - timedelta(days=day.weekday())
    async with caller.reading(RoomList) as read:
        found = await rooms(read, paging)
    async with caller.reading(Timetable) as timetable:
        used = await use_of(timetable, [room.id for room in found], monday)
    lines = [room_use(room, used.get(room.id), monday) for room in found]
    return caller.page(lines, "Use of rooms", read, paging, lambda line: (line.name, line.id))
