"""Billable marks and what became of them: the list of those that wait for a price, and where a new price matters."""

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from uuid import UUID

from billing.periods.charge_period import ChargePeriod
from billing.periods.charges import Attended
from billing.plans.tariff import Scope
from shared.reading import Reading
from shared.tables import Row
from shared.views import Fact, Rows, Table, View, on

NONE = UUID(int=0)

MARKS = Table(
    "billable_mark",
    key=("tenant_id", "period_id", "key"),
    columns={
        "tenant_id": "uuid",
        "period_id": "uuid",
        "key": "text",
        "enrolment_id": "uuid",
        "student_id": "uuid",
        "class_id": "uuid",
        "course_id": "uuid",
        "meeting_id": "uuid",
        "held_on": "date",
        "code": "text",
        "source_event_id": "uuid",
        "state": "text",
        "plan_id": "uuid",
    },
    indexes=(("tenant_id", "class_id"), ("tenant_id", "course_id"), ("tenant_id", "state")),
)
PERIODS = Table(
    "charge_period",
    key=("tenant_id", "period_id"),
    columns={"tenant_id": "uuid", "period_id": "uuid", "agreement_id": "uuid", "closed": "bool"},
    indexes=(("tenant_id", "agreement_id"),),
)


@dataclass(frozen=True)
class UnpricedMark:
    """`reason`: there was no plan in force on the day, or no agreement."""

    period_id: UUID
    enrolment_id: UUID
    student_id: UUID
    class_id: UUID
    course_id: UUID | None
    meeting_id: UUID
    held_on: date
    code: str
    source_event_id: UUID
    reason: Literal["no_plan", "no_agreement"]


class Marks(View):
    """`state` is `priced`, or the reason why the mark is not: no_plan, no_agreement, included."""

    NAME = "marks"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (MARKS, PERIODS)

    @on(ChargePeriod.Opened)
    def opened(self, fact: Fact[ChargePeriod.Opened], rows: Rows) -> None:
        rows.put(
            PERIODS,
            {
                "tenant_id": fact.tenant_id,
                "period_id": fact.aggregate_id,
                "agreement_id": fact.data.agreement_id,
                "closed": False,
            },
        )

    @on(ChargePeriod.Closed)
    def closed(self, fact: Fact[ChargePeriod.Closed], rows: Rows) -> None:
        rows.change(PERIODS, (fact.tenant_id, fact.aggregate_id), closed=True)

    @on(ChargePeriod.MarkLeftUnpriced)
    def left_unpriced(self, fact: Fact[ChargePeriod.MarkLeftUnpriced], rows: Rows) -> None:
        told = fact.data
        rows.put(MARKS, row_of(fact, told.enrolment_id, told.student_id, told.mark, told.reason, None))

    @on(ChargePeriod.BillableItemRecorded)
    def recorded(self, fact: Fact[ChargePeriod.BillableItemRecorded], rows: Rows) -> None:
        told, mark = fact.data, fact.data.charge.mark
        if mark is not None:
            plan_id = told.charge.plan_id
            rows.put(MARKS, row_of(fact, told.enrolment_id, told.student_id, mark, "priced", plan_id))

    @on(
        ChargePeriod.UnpricedMarkDropped,
        ChargePeriod.BillableItemReversed,
        ChargePeriod.LateChargeCarried,
    )
    def gone(self, fact: Fact[ChargePeriod.UnpricedMarkDropped], rows: Rows) -> None:
        rows.remove(MARKS, (fact.tenant_id, fact.aggregate_id, fact.data.key))


def row_of(
    fact: Fact[Any], enrolment_id: UUID, student_id: UUID, mark: Attended, state: str, plan_id: UUID | None
) -> Row:
    return {
        "tenant_id": fact.tenant_id,
        "period_id": fact.aggregate_id,
        "key": mark.key,
        "enrolment_id": enrolment_id,
        "student_id": student_id,
        "class_id": mark.class_id,
        "course_id": mark.course_id,
        "meeting_id": mark.meeting_id,
        "held_on": mark.held_on,
        "code": mark.code,
        "source_event_id": mark.source_event_id,
        "state": state,
        "plan_id": plan_id,
    }


async def unpriced_marks(read: Reading, after: tuple[date, UUID, UUID] | None, limit: int) -> list[UnpricedMark]:
    """Oldest first."""
    since, period_id, meeting_id = after or (date.min, NONE, NONE)
    return await read.all(
        UnpricedMark,
        "SELECT period_id, enrolment_id, student_id, class_id, course_id, meeting_id, held_on, code,"
        " source_event_id, state AS reason FROM billable_mark"
        " WHERE tenant_id = %(tenant)s AND (state = 'no_plan' OR state = 'no_agreement')"
        " AND (held_on, period_id, meeting_id) > (%(since)s, %(period)s, %(meeting)s)"
        " ORDER BY held_on, period_id, meeting_id LIMIT %(limit)s",
        since=since,
        period=period_id,
        meeting=meeting_id,
        limit=limit,
    )


async def periods_of_target(read: Reading, scope: Scope, target_id: UUID, since: date) -> list[UUID]:
    """Periods with marks of a class, a course or the school from this day on that may change their price."""
    targets = {"class": "AND m.class_id = %(target)s", "course": "AND m.course_id = %(target)s", "tenant": ""}
    return await _periods(read, targets[scope], target=target_id, since=since)


async def periods_of_plan(read: Reading, plan_id: UUID, since: date) -> list[UUID]:
    """Periods with marks from this day on that have this plan's price, or none."""
    return await _periods(read, "AND (m.plan_id = %(plan)s OR m.state <> 'priced')", plan=plan_id, since=since)


async def periods_of_agreement(read: Reading, agreement_id: UUID) -> list[UUID]:
    return await _periods(read, "AND p.agreement_id = %(agreement)s", agreement=agreement_id, since=date.min)


async def _periods(read: Reading, condition: str, **params: object) -> list[UUID]:
    rows = await read.rows(
        "SELECT DISTINCT m.period_id FROM billable_mark m"  # noqa: S608
        " JOIN charge_period p ON p.tenant_id = m.tenant_id AND p.period_id = m.period_id"
        " WHERE m.tenant_id = %(tenant)s AND m.held_on >= %(since)s"
        " AND (NOT p.closed OR m.state = 'no_plan' OR m.state = 'no_agreement') "
        f"{condition} ORDER BY m.period_id",
        **params,
    )
    return [row["period_id"] for row in rows]
