"""Attendance of a student in a class over some days: lessons, absences, minutes, and whether enough were attended."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading

Order = Literal["student", "share", "absent"]
"""By class and student; the lowest share first; the most absences first."""
NO_SHARE = 10_001


class AttendanceLine(BaseModel):
    """Lessons are those that were held while the student was enrolled. `not_taken`: without a mark, neither present nor
    absent. `share_present` and `reached` are about marked lessons, null where there is none."""

    class_id: UUID
    person_id: UUID
    lessons_held: int
    present: int
    absent: int
    not_taken: int
    absent_by_category: dict[str, int]
    minutes_held: int
    minutes_attended: int
    share_present: float | None
    reached: bool | None
    given_name: str | None = None
    family_name: str | None = None


@dataclass(frozen=True)
class Wanted:
    """`first` and `last` day, both included. `threshold`: the percentage of marked lessons that is enough."""

    first: date
    last: date
    threshold: int
    reached: bool | None
    order: Order


WHOSE = {
    "class": "class_id = %(of)s",
    "person": "person_id = %(of)s",
}
RANKS: dict[Order, str] = {
    "student": "0",
    "share": f"coalesce(10000 * present / nullif(present + absent, 0), {NO_SHARE})",
    "absent": "-absent",
}
QUERY = """
WITH stay AS (
    SELECT class_id, enrolment_id, person_id, begin_on, end_on FROM sheet_stay
    WHERE tenant_id = %(tenant)s AND {whose}
), counted AS (
    SELECT s.class_id, s.person_id, m.present, c.category, count(*) AS lessons, sum(l.minutes) AS minutes,
           sum(coalesce(m.minutes, l.minutes)) FILTER (WHERE m.present) AS attended
    FROM stay s
    CROSS JOIN LATERAL (
        SELECT meeting_id, held_on, (extract(epoch FROM ends::time - starts::time) / 60)::int8 AS minutes
        FROM sheet WHERE tenant_id = %(tenant)s AND class_id = s.class_id AND meeting_state = 'held'
          AND held_on BETWEEN %(first)s AND %(last)s
    ) l
    LEFT JOIN sheet_mark m
      ON m.tenant_id = %(tenant)s AND m.meeting_id = l.meeting_id AND m.enrolment_id = s.enrolment_id
    LEFT JOIN sheet_code c
      ON c.tenant_id = %(tenant)s AND c.code = m.code AND c.code_version = m.code_version
    WHERE m.code IS NOT NULL
       OR ((s.begin_on IS NULL OR s.begin_on <= l.held_on) AND (s.end_on IS NULL OR s.end_on > l.held_on))
    GROUP BY s.class_id, s.person_id, m.present, c.category
), summed AS (
    SELECT class_id, person_id, sum(lessons)::int8 AS lessons_held,
           coalesce(sum(lessons) FILTER (WHERE present), 0)::int8 AS present,
           coalesce(sum(lessons) FILTER (WHERE NOT present), 0)::int8 AS absent,
           coalesce(sum(lessons) FILTER (WHERE present IS NULL), 0)::int8 AS not_taken,
           coalesce(jsonb_object_agg(category, lessons) FILTER (WHERE NOT present), '{{}}') AS absent_by_category,
           sum(minutes)::int8 AS minutes_held, coalesce(sum(attended), 0)::int8 AS minutes_attended
    FROM counted GROUP BY class_id, person_id
), judged AS (
    SELECT *, round(present::numeric / nullif(present + absent, 0), 4)::float8 AS share_present,
           100 * present >= %(threshold)s * nullif(present + absent, 0) AS reached, {rank} AS rank
    FROM summed
)
SELECT class_id, person_id, lessons_held, present, absent, not_taken, absent_by_category, minutes_held,
       minutes_attended, share_present, reached
FROM judged
WHERE (%(reached)s::bool IS NULL OR reached = %(reached)s)
  AND (rank, class_id, person_id) > (%(rank)s, %(class_id)s, %(person_id)s)
ORDER BY rank, class_id, person_id LIMIT %(limit)s
"""


async def attendance_of(
    read: Reading, of: Literal["class", "person"], id: UUID, paging: Paging, wanted: Wanted
) -> list[AttendanceLine]:
    """One page and one row more. Who had no lesson in these days has no line."""
    rank, class_id, person_id = paging.after(int, UUID, UUID) or (-(2**31), UUID(int=0), UUID(int=0))
    return await read.all(
        AttendanceLine,
        QUERY.format(whose=WHOSE[of], rank=RANKS[wanted.order]),
        of=id,
        first=wanted.first,
        last=wanted.last,
        threshold=wanted.threshold,
        reached=wanted.reached,
        rank=rank,
        class_id=class_id,
        person_id=person_id,
        limit=paging.limit + 1,
    )


def place(line: AttendanceLine, order: Order) -> tuple[int, UUID, UUID]:
    """What the lines are sorted by."""
    marked = line.present + line.absent
    ranks = {
        "student": 0,
        "share": 10_000 * line.present // marked if marked else NO_SHARE,
        "absent": -line.absent,
    }
    return ranks[order], line.class_id, line.person_id
