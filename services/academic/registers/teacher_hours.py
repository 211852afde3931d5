"""Teacher hours: the minutes that each teacher taught in a month, branch by branch, and how many of them are paid."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading


class TeacherHours(BaseModel):
    """Lessons that were held, for whoever taught them. A lesson is paid when a mark in it has a code that pays the
    teacher, in the meaning that the code had when the mark was given. `minutes_by_code`: of the lessons in which a mark
    has this code, so a lesson counts for each of its codes. The names are null for an erased person."""

    person_id: UUID
    org_id: UUID
    lessons: int
    minutes: int
    lessons_paid: int
    minutes_paid: int
    minutes_by_code: dict[str, int]
    given_name: str | None = None
    family_name: str | None = None


QUERY = """
WITH taught AS (
    SELECT unnest(m.teacher_ids) AS person_id, c.org_id, m.minutes, m.paying, m.codes FROM day_book m
    JOIN day_book_class c ON c.tenant_id = m.tenant_id AND c.class_id = m.class_id
    WHERE m.tenant_id = %(tenant)s AND m.held
      AND m.held_on >= %(month)s AND m.held_on < %(month)s + interval '1 month'
      AND (%(org_ids)s::uuid[] IS NULL OR c.org_id = ANY(%(org_ids)s))
      AND (%(class_ids)s::uuid[] IS NULL OR m.class_id = ANY(%(class_ids)s))
      AND (%(code)s::text IS NULL OR jsonb_exists(m.codes, %(code)s))
), summed AS (
    SELECT person_id, org_id, count(*) AS lessons, sum(minutes)::int8 AS minutes,
           count(*) FILTER (WHERE paying > 0) AS lessons_paid,
           coalesce(sum(minutes) FILTER (WHERE paying > 0), 0)::int8 AS minutes_paid
    FROM taught
    WHERE (person_id, org_id) > (%(person_id)s, %(org_id)s)
      AND (%(teacher_id)s::uuid IS NULL OR person_id = %(teacher_id)s)
    GROUP BY person_id, org_id ORDER BY person_id, org_id LIMIT %(limit)s
)
SELECT s.*, coalesce((
    SELECT jsonb_object_agg(code, minutes) FROM (
        SELECT k.code, sum(t.minutes)::int8 AS minutes FROM taught t, jsonb_object_keys(t.codes) AS k(code)
        WHERE t.person_id = s.person_id AND t.org_id = s.org_id GROUP BY k.code
    ) coded
), '{}') AS minutes_by_code
FROM summed s ORDER BY person_id, org_id
"""


async def teacher_hours(
    read: Reading,
    paging: Paging,
    month: date,
    *,
    teacher_id: UUID | None,
    org_ids: list[UUID] | None,
    class_ids: list[UUID] | None,
    code: str | None,
) -> list[TeacherHours]:
    """One page and one row more, by teacher and branch. `month` is its first day; None asks for all."""
    person_id, org_id = paging.after(UUID, UUID) or (UUID(int=0), UUID(int=0))
    return await read.all(
        TeacherHours,
        QUERY,
        month=month,
        teacher_id=teacher_id,
        org_ids=org_ids,
        class_ids=class_ids,
        code=code,
        person_id=person_id,
        org_id=org_id,
        limit=paging.limit + 1,
    )
