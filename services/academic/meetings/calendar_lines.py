"""The meetings that stand in the calendar of a class, a room or a person."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.errors import NotFound
from shared.reading import Reading

Place = Literal["class", "room", "person"]


class CalendarLine(BaseModel):
    """`version` grows with every change of the meeting, `changed_at` is when it was changed last."""

    id: UUID
    class_title: str
    held_on: date
    starts: str
    ends: str
    zone: str
    state: Literal["planned", "held", "cancelled"]
    room_id: UUID | None
    room: str | None = None
    version: int
    changed_at: datetime


WHERE: dict[Place, str] = {
    "class": "m.class_id = %(of)s",
    "room": "m.room_id = %(of)s",
    "person": "m.id IN (SELECT meeting_id FROM meeting_teacher WHERE tenant_id = %(tenant)s AND person_id = %(of)s"
    " UNION SELECT n.id FROM timetable_stay s JOIN meeting n ON n.tenant_id = s.tenant_id AND n.class_id = s.class_id"
    " WHERE s.tenant_id = %(tenant)s AND s.person_id = %(of)s AND n.held_on >= %(first)s"
    " AND (s.begin_on IS NULL OR s.begin_on <= n.held_on) AND (s.end_on IS NULL OR s.end_on > n.held_on))",
}


async def calendar_of(read: Reading, of: Place, id: UUID, first: date, until: date) -> list[CalendarLine]:
    """By day and start, from `first` to before `until`. Raises NotFound for an unknown class."""
    if of == "class" and not await read.rows(
        "SELECT 1 FROM timetable_class WHERE tenant_id = %(tenant)s AND id = %(id)s", id=id
    ):
        raise NotFound
    return await read.all(
        CalendarLine,
        "SELECT m.id, c.title AS class_title, m.held_on, m.starts, m.ends, m.zone, m.state, m.room_id, m.version,"  # noqa: S608
        " m.changed_at FROM meeting m JOIN timetable_class c ON c.tenant_id = m.tenant_id AND c.id = m.class_id"
        f" WHERE m.tenant_id = %(tenant)s AND {WHERE[of]} AND m.held_on >= %(first)s AND m.held_on < %(until)s"
        " ORDER BY m.held_on, m.starts, m.id",
        of=id,
        first=first,
        until=until,
    )
