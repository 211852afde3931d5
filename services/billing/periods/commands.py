"""What happens to charges: a register is marked, a mark is corrected, prices are looked up again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.agreements.agreement import Agreement, agreement_id
from billing.months import Month
from billing.periods.charge_period import ChargePeriod
from billing.periods.charges import Attended
from billing.periods.ledger import Ledger, Place
from billing.periods.pricing_marks import owed_for
from billing.periods.settlement import Owed
from billing.plans.pricing import open_price_book
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@dataclass(frozen=True)
class StudentMark:
    """A student's mark in one meeting; `billable` None: it costs nothing."""

    enrolment_id: UUID
    student_id: UUID
    class_id: UUID
    course_id: UUID | None
    held_on: date
    key: str
    source_event_id: UUID
    billable: Attended | None

    def place(self, tenant_id: UUID) -> Place:
        agreement = agreement_id(tenant_id, self.enrolment_id)
        month = str(Month.of(self.held_on))
        return Place(agreement, self.enrolment_id, self.student_id, self.class_id, month)


@command
async def charge_marks(store: EventStore, call: Call, marks: Sequence[StudentMark]) -> Saved:
    """Each mark to its charge, by the plan in force on the day of the lesson: all in one append."""
    billable = [mark.billable for mark in marks if mark.billable is not None]
    book = await open_price_book(store, call.tenant_id, {(one.class_id, one.course_id) for one in billable})
    places = {mark.enrolment_id: mark.place(call.tenant_id) for mark in marks}
    agreements = await store.get_many(Agreement, [place.agreement_id for place in places.values()], call.tenant_id)
    owed = [
        (
            places[mark.enrolment_id],
            Owed(mark.key, mark.source_event_id)
            if mark.billable is None
            else owed_for(mark.billable, agreements.get(places[mark.enrolment_id].agreement_id), book),
        )
        for mark in marks
    ]
    ledger = Ledger(store, call.tenant_id, call.now)
    await ledger.settle(owed)
    return await ledger.save(call=call)


@command
async def price_again(store: EventStore, call: Call, period_id: UUID, since: date) -> Saved:
    """Marks of one period by the plans of now: waiting ones become items; an open month's items change price.

    An invoiced month keeps its prices."""
    period = await store.find(ChargePeriod, period_id, call.tenant_id)
    if period is None:
        return await store.save(call=call)
    marks = [mark for mark in marks_of(period) if mark.held_on >= since]
    agreement = await store.find(Agreement, period.agreement_id, call.tenant_id)
    book = await open_price_book(store, call.tenant_id, {(mark.class_id, mark.course_id) for mark in marks})
    ledger = Ledger(store, call.tenant_id, call.now)
    await ledger.settle([(place_in(period, Month.of(mark.held_on)), owed_for(mark, agreement, book)) for mark in marks])
    return await ledger.save(call=call)


def place_in(period: ChargePeriod, month: Month) -> Place:
    return Place(period.agreement_id, period.enrolment_id, period.student_id, period.class_id, str(month))


def marks_of(period: ChargePeriod) -> list[Attended]:
    waiting = [mark for mark, reason in period.waiting.values() if not (period.closed and reason == "included")]
    if period.closed:
        return waiting
    standing = {item.charge.mark for item in period.standing() if item.charge.mark is not None}
    return [*waiting, *sorted(standing, key=lambda mark: (mark.held_on, mark.key))]
