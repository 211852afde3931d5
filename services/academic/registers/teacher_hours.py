"""Teacher hours: the minutes that each teacher taught in a month, branch by branch, and how many of them are paid."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading


class TeacherHours(BaseModel):
    """Lessons that were held, for whoever taught them. A lesson is paid when a mark in it has a code that pays the
    teacher, in the meaning that the code had when the mark was given. The names are null for an erased person."""

    person_id: UUID
    org_id: UUID
    lessons: int
    minutes: int
    lessons_paid: int
    minutes_paid: int
    given_name: str | None = None
    family_name: str | None = None


async def teacher_hours(
    read: Reading,
    paging: Paging,
    month: date,
    *,
    teacher_id: UUID | None,
    org_ids: list[UUID] | None,
    class_ids: list[UUID] | None,
) -> list[TeacherHours]:
    """One page and one row more, by teacher and branch. `month` is its first day; None asks for all."""
    person_id, org_id = paging.after(UUID, UUID) or (UUID(int=0), UUID(int=0))
    return await read.all(
        TeacherHours,
        "SELECT person_id, org_id, count(*) AS lessons, sum(minutes)::int8 AS minutes,"
        " count(*) FILTER (WHERE paying > 0) AS lessons_paid,"
        " coalesce(sum(minutes) FILTER (WHERE paying > 0), 0)::int8 AS minutes_paid"
        " FROM (SELECT unnest(m.teacher_ids) AS person_id, c.org_id, m.minutes, m.paying FROM day_book m"
        " JOIN day_book_class c ON c.tenant_id = m.tenant_id AND c.class_id = m.class_id"
        " WHERE m.tenant_id = %(tenant)s AND m.held"
        " AND m.held_on >= %(month)s AND m.held_on < %(month)s + interval '1 month'"
        " AND (%(org_ids)s::uuid[] IS NULL OR c.org_id = ANY(%(org_ids)s))"
        " AND (%(class_ids)s::uuid[] IS NULL OR m.class_id = ANY(%(class_ids)s))) taught"
        " WHERE (person_id, org_id) > (%(person_id)s, %(org_id)s)"
        " AND (%(teacher_id)s::uuid IS NULL OR person_id = %(teacher_id)s)"
        " GROUP BY person_id, org_id ORDER BY person_id, org_id LIMIT %(limit)s",
        month=month,
        teacher_id=teacher_id,
        org_ids=org_ids,
        class_ids=class_ids,
        person_id=person_id,
        org_id=org_id,
        limit=paging.limit + 1,
    )
