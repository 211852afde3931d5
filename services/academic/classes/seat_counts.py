"""How full classes are on a day: seats, who is enrolled or comes as a guest, for whom a seat is kept, who waits."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading


class SeatCount(BaseModel):
    """`seats` null: as many as come; then `free` is null too. `guests`: of the fullest meeting of the day, without
    whoever is enrolled. `reserved`: seats kept for whom they were offered to."""

    id: UUID
    title: str
    org_id: UUID
    seats: int | None
    enrolled: int
    guests: int
    reserved: int = 0
    waiting: int = 0

    def with_waiting(self, reserved: int, waiting: int) -> "Occupancy":
        taken = self.enrolled + self.guests + reserved
        free = None if self.seats is None else max(self.seats - taken, 0)
        told = self.model_dump() | {"reserved": reserved, "waiting": waiting}
        return Occupancy(**told, free=free)


class Occupancy(SeatCount):
    free: int | None


QUERY = """
SELECT c.id, c.title, c.org_id, c.capacity AS seats, (
    SELECT count(*) FROM class_stay s WHERE s.tenant_id = c.tenant_id AND s.class_id = c.id AND NOT s.teacher
      AND (s.begin_on IS NULL OR s.begin_on <= %(day)s) AND (s.end_on IS NULL OR s.end_on > %(day)s)
) AS enrolled, (
    SELECT coalesce(max(found), 0) FROM (
        SELECT count(*) AS found FROM class_guest g
        WHERE g.tenant_id = c.tenant_id AND g.class_id = c.id AND g."on" = %(day)s AND NOT EXISTS (
            SELECT FROM class_stay s WHERE s.tenant_id = c.tenant_id AND s.class_id = c.id
              AND s.person_id = g.person_id AND NOT s.teacher
              AND (s.begin_on IS NULL OR s.begin_on <= %(day)s) AND (s.end_on IS NULL OR s.end_on > %(day)s))
        GROUP BY g.meeting_id
    ) of_meeting
) AS guests
FROM class c WHERE c.tenant_id = %(tenant)s AND NOT c.closed
  AND (%(only)s::uuid[] IS NULL OR c.id = ANY(%(only)s))
  AND (c.title, c.id) > (%(title)s, %(id)s) ORDER BY c.title, c.id LIMIT %(limit)s
"""


async def seat_counts(read: Reading, paging: Paging, day: date, only: list[UUID] | None) -> list[SeatCount]:
    """One page of the open classes and one row more, by title; of all, or only of these. Read from the class list."""
    title, id = paging.after(str, UUID) or ("", UUID(int=0))
    return await read.all(
        SeatCount,
        QUERY,
        title=title,
        id=id,
        limit=paging.limit + 1,
        day=day,
        only=only,
    )


class Waits(BaseModel):
    class_id: UUID
    reserved: int
    waiting: int


async def waits_of(read: Reading, class_ids: list[UUID], day: date) -> dict[UUID, Waits]:
    """Of these classes, who waits for this day, and to whom a seat was offered. Read from the waiting lists."""
    found = await read.all(
        Waits,
        "SELECT class_id, count(offered_until) AS reserved, count(*) - count(offered_until) AS waiting FROM waiting"
        " WHERE tenant_id = %(tenant)s AND class_id = ANY(%(class_ids)s)"
        " AND (begin_on IS NULL OR begin_on <= %(day)s) AND (end_on IS NULL OR end_on > %(day)s) GROUP BY class_id",
        class_ids=class_ids,
        day=day,
    )
    return {each.class_id: each for each in found}
