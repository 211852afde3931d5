"""Completion: how much of a class each student attended, of what was planned, and whether that is enough."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.answers import Paging
from shared.reading import Reading

Order = Literal["student", "share"]
"""By class and student; the lowest share first."""
Why = Literal["reached", "still-possible", "too-few-hours", "nothing-planned"]


class CompletionLine(BaseModel):
    """`minutes_planned`: the funder's hours, or where nobody funds the class all its lessons, held and to come.
    `minutes_to_come`: of lessons planned for the student. Lessons made up in another class do not count here.
    The names are null for an erased person."""

    class_id: UUID
    person_id: UUID
    funder: str | None
    action_number: str | None
    group_number: str | None
    employer: str | None
    minutes_planned: int
    minutes_held: int
    minutes_attended: int
    minutes_to_come: int
    share: float | None
    threshold: int
    finished: bool
    why: Why
    given_name: str | None = None
    family_name: str | None = None


@dataclass(frozen=True)
class Wanted:
    """`class_ids` None: all. `threshold`: for classes that nobody funds. `search`: in what is told of the funding."""

    class_ids: list[UUID] | None
    person_id: UUID | None
    threshold: int
    funded: bool | None
    finished: bool | None
    search: str | None
    order: Order


RANKS: dict[Order, str] = {
    "student": "0",
    "share": "coalesce(10000 * minutes_attended / nullif(minutes_planned, 0), 0)",
}
QUERY = """
WITH stay AS (
    SELECT s.class_id, s.enrolment_id, s.person_id, s.begin_on, s.end_on, f.funder, f.action_number, f.group_number,
           f.employer, f.planned_hours, coalesce(f.threshold, %(threshold)s) AS threshold
    FROM sheet_stay s LEFT JOIN sheet_funding f ON f.tenant_id = s.tenant_id AND f.class_id = s.class_id
    WHERE s.tenant_id = %(tenant)s AND (s.begin_on IS NULL OR s.end_on IS NULL OR s.begin_on < s.end_on)
      AND (%(class_ids)s::uuid[] IS NULL OR s.class_id = ANY(%(class_ids)s))
      AND (%(person)s::uuid IS NULL OR s.person_id = %(person)s)
      AND (%(funded)s::bool IS NULL OR (f.class_id IS NOT NULL) = %(funded)s)
      AND (%(search)s::text IS NULL OR strpos(
        lower(concat_ws(' ', f.funder, f.action_number, f.group_number, f.employer)), lower(%(search)s)) > 0)
), summed AS (
    SELECT s.class_id, s.person_id, s.funder, s.action_number, s.group_number, s.employer, s.planned_hours,
           s.threshold,
           coalesce(sum(l.minutes) FILTER (WHERE l.held), 0)::int8 AS minutes_held,
           coalesce(sum(coalesce(m.minutes, l.minutes)) FILTER (WHERE m.present), 0)::int8 AS minutes_attended,
           coalesce(sum(l.minutes) FILTER (WHERE NOT l.held), 0)::int8 AS minutes_to_come
    FROM stay s
    LEFT JOIN LATERAL (
        SELECT meeting_id, meeting_state = 'held' AS held,
               (extract(epoch FROM ends::time - starts::time) / 60)::int8 AS minutes
        FROM sheet WHERE tenant_id = %(tenant)s AND class_id = s.class_id AND meeting_state <> 'cancelled'
          AND (s.begin_on IS NULL OR s.begin_on <= held_on) AND (s.end_on IS NULL OR s.end_on > held_on)
    ) l ON true
    LEFT JOIN sheet_mark m
      ON m.tenant_id = %(tenant)s AND m.meeting_id = l.meeting_id AND m.enrolment_id = s.enrolment_id
    GROUP BY s.class_id, s.person_id, s.funder, s.action_number, s.group_number, s.employer, s.planned_hours,
             s.threshold
), planned AS (
    SELECT *, coalesce(planned_hours * 60::int8, minutes_held + minutes_to_come) AS minutes_planned FROM summed
), judged AS (
    SELECT *, {rank} AS rank, round(minutes_attended::numeric / nullif(minutes_planned, 0), 4)::float8 AS share,
           CASE WHEN minutes_planned = 0 THEN 'nothing-planned'
                WHEN 100 * minutes_attended >= threshold * minutes_planned THEN 'reached'
                WHEN 100 * (minutes_attended + minutes_to_come) >= threshold * minutes_planned THEN 'still-possible'
                ELSE 'too-few-hours' END AS why
    FROM planned
)
SELECT class_id, person_id, funder, action_number, group_number, employer, minutes_planned, minutes_held,
       minutes_attended, minutes_to_come, share, threshold, why = 'reached' AS finished, why
FROM judged
WHERE (%(finished)s::bool IS NULL OR (why = 'reached') = %(finished)s)
  AND (rank, class_id, person_id) > (%(rank)s, %(class_id)s, %(person_id)s)
ORDER BY rank, class_id, person_id LIMIT %(limit)s
"""


async def completion(read: Reading, paging: Paging, wanted: Wanted) -> list[CompletionLine]:
    """One page and one row more. Read from the register sheets."""
    rank, class_id, person_id = paging.after(int, UUID, UUID) or (-1, UUID(int=0), UUID(int=0))
    return await read.all(
        CompletionLine,
        QUERY.format(rank=RANKS[wanted.order]),
        class_ids=wanted.class_ids,
        person=wanted.person_id,
        threshold=wanted.threshold,
        funded=wanted.funded,
        finished=wanted.finished,
        search=wanted.search,
        rank=rank,
        class_id=class_id,
        person_id=person_id,
        limit=paging.limit + 1,
    )


def place(line: CompletionLine, order: Order) -> tuple[int, UUID, UUID]:
    """What the lines are sorted by."""
    share = 10_000 * line.minutes_attended // line.minutes_planned if line.minutes_planned else 0
    return {"student": 0, "share": share}[order], line.class_id, line.person_id
