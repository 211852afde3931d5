"""Open registers: lessons that are over and have no register yet, or one that is not closed."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading


class OpenRegister(BaseModel):
    """`ended_at`: the instant at which the lesson was over, where it took place."""

    meeting_id: UUID
    class_id: UUID
    class_title: str
    org_id: UUID
    held_on: date
    starts: str
    ends: str
    zone: str
    ended_at: datetime
    teacher_ids: list[UUID]
    register_id: UUID | None
    register_state: Literal["not opened", "open"]


@dataclass(frozen=True)
class Wanted:
    """`over_at`: lessons that are over then. `class_ids`: None asks for every class."""

    over_at: datetime
    teacher_id: UUID | None
    org_ids: list[UUID] | None
    class_ids: list[UUID] | None
    first: date
    last: date


async def open_registers(read: Reading, paging: Paging, wanted: Wanted) -> list[OpenRegister]:
    """One page and one row more, the oldest first."""
    ended_at, meeting_id = paging.after(datetime, UUID) or (datetime.fromisoformat("1900-01-01T00:00Z"), UUID(int=0))
    return await read.all(
        OpenRegister,
        "SELECT m.meeting_id, m.class_id, c.title AS class_title, c.org_id, m.held_on, m.starts, m.ends, m.zone,"
        " m.ends_at AS ended_at, m.teacher_ids, m.register_id,"
        " CASE WHEN m.register_id IS NULL THEN 'not opened' ELSE 'open' END AS register_state"
        " FROM day_book m JOIN day_book_class c ON c.tenant_id = m.tenant_id AND c.class_id = m.class_id"
        " WHERE m.tenant_id = %(tenant)s AND m.to_take AND m.ends_at <= %(over_at)s"
        " AND (m.ends_at, m.meeting_id) > (%(ended_at)s, %(meeting_id)s)"
        " AND (%(teacher_id)s::uuid IS NULL OR %(teacher_id)s = ANY(m.teacher_ids))"
        " AND (%(org_ids)s::uuid[] IS NULL OR c.org_id = ANY(%(org_ids)s))"
        " AND (%(class_ids)s::uuid[] IS NULL OR m.class_id = ANY(%(class_ids)s))"
        " AND m.held_on BETWEEN %(first)s AND %(last)s"
        " ORDER BY m.ends_at, m.meeting_id LIMIT %(limit)s",
        ended_at=ended_at,
        meeting_id=meeting_id,
        limit=paging.limit + 1,
        **vars(wanted),
    )
