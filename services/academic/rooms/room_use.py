"""How much rooms are used in a week."""

from datetime import date, timedelta
from uuid import UUID

from pydantic import BaseModel

from academic.rooms.room_list import RoomLine
from shared.reading import Reading


class RoomUse(BaseModel):
    """Meetings that are not cancelled, in the week that begins on `monday`."""

    id: UUID
    name: str
    capacity: int | None
    monday: date
    meetings: int
    minutes: int


class Use(BaseModel):
    room_id: UUID
    meetings: int
    minutes: int


async def use_of(read: Reading, room_ids: list[UUID], monday: date) -> dict[UUID, Use]:
    """Of these rooms, those that are used. Read from the timetable."""
    found = await read.all(
        Use,
        "SELECT room_id, count(*) AS meetings,"
        " (sum(extract(epoch FROM ends::time - starts::time)) / 60)::int8 AS minutes FROM meeting"
        " WHERE tenant_id = %(tenant)s AND room_id = ANY(%(room_ids)s) AND state <> 'cancelled'"
        " AND held_on >= %(monday)s AND held_on < %(next)s GROUP BY room_id",
        room_ids=room_ids,
        monday=monday,
        next=monday + timedelta(days=7),
    )
    return {each.room_id: each for each in found}


def room_use(room: RoomLine, use: Use | None, monday: date) -> RoomUse:
    """None: not used in that week."""
    return RoomUse(
        id=room.id,
        name=room.name,
        capacity=room.capacity,
        monday=monday,
        meetings=0 if use is None else use.meetings,
        minutes=0 if use is None else use.minutes,
    )
