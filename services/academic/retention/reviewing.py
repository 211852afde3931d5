"""The clock looks at the terms of those who left: who is due is told, nobody is erased by that."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from academic.registers.sheet import RegisterSheet
from academic.retention.commands import review_leaver
from academic.retention.leavers import Leavers, Reviewed, funded_classes, to_review
from academic.retention.policy import Terms, keep_until
from shared.calls import Actor, Call
from shared.clock import Due
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.reading import reading_all

LAST_LESSONS = """
    SELECT y.person_id, max(s.held_on) AS day FROM sheet_stay y
    JOIN sheet s ON s.tenant_id = y.tenant_id AND s.class_id = y.class_id
    JOIN sheet_mark m ON m.tenant_id = s.tenant_id AND m.meeting_id = s.meeting_id AND m.enrolment_id = y.enrolment_id
    WHERE y.tenant_id = %(tenant)s AND y.person_id = ANY(%(people)s) AND y.class_id = ANY(%(funded)s)
    GROUP BY y.person_id
"""


async def review(kernel: Kernel, now: datetime) -> None:
    """A run may be repeated or missed."""
    async with reading_all(kernel.pool, Leavers) as connection:
        found = await to_review(connection, now.date())
    for tenant_id, group in groupby(sorted(found, key=lambda each: each.tenant_id.bytes), lambda each: each.tenant_id):
        people = list(group)
        lessons = await last_lessons(kernel, tenant_id, people)
        for each in people:
            terms = Terms(each.years, each.evidence_years)
            until, why = keep_until(each.left_at.date(), lessons.get(each.person_id), terms)
            actor = Actor("system", "academic.review-leavers")
            call = Call(tenant_id=tenant_id, actor=actor, now=now, correlation_id=uuid7())
            await review_leaver(kernel.store, call, each.person_id, until, why, each.since)


async def last_lessons(kernel: Kernel, tenant_id: UUID, people: Sequence[Reviewed]) -> dict[UUID, date]:
    """The day of the last lesson that was funded and in which each has a mark."""
    async with kernel.reading(Leavers, tenant_id) as read:
        funded = await funded_classes(read)
    async with kernel.reading(RegisterSheet, tenant_id) as read:
        rows = await read.rows(LAST_LESSONS, people=[each.person_id for each in people], funded=funded)
    return {row["person_id"]: row["day"] for row in rows}


REVIEWING = Due("academic.review-leavers", timedelta(hours=1), review)
