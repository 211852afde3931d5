"""An agreement: one student's place in one class, as something to charge for.

Its id is derived from the enrolment."""

from datetime import date, datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


def agreement_id(tenant_id: UUID, enrolment_id: UUID) -> UUID:
    return derived(tenant_id, "agreement", enrolment_id)


class Agreement(Aggregate):
    """`source_event_id` is the academic event that fixed the dates last: a monthly charge is traced to it.
    `invoiced` holds the months whose invoice was issued, so that changed dates meet them in one append."""

    TOPIC = "billing.agreement"

    class Created(Aggregate.Created):
        TOPIC = "billing.agreement_created"

    class Started(Created):
        TOPIC = "billing.agreement_started"
        PUBLIC = True
        enrolment_id: UUID
        student_id: UUID
        class_id: UUID
        course_id: UUID | None
        begin_on: date | None
        end_on: date | None
        source_event_id: UUID

    class DatesChanged(Aggregate.Event):
        TOPIC = "billing.agreement_dates_changed"
        PUBLIC = True
        begin_on: date | None
        end_on: date | None
        source_event_id: UUID

    class Ended(Aggregate.Event):
        TOPIC = "billing.agreement_ended"
        PUBLIC = True
        on: date
        source_event_id: UUID

    class MonthInvoiced(Aggregate.Event):
        TOPIC = "billing.agreement_month_invoiced"
        month: str
        invoice_id: UUID

    @event(Started)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        enrolment_id: UUID,
        student_id: UUID,
        class_id: UUID,
        course_id: UUID | None,
        begin_on: date | None,
        end_on: date | None,
        source_event_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.enrolment_id = enrolment_id
        self.student_id = student_id
        self.class_id = class_id
        self.course_id = course_id
        self.begin_on = begin_on
        self.end_on = end_on
        self.source_event_id = source_event_id
        self.invoiced: tuple[str, ...] = ()

    def change_dates(self, begin_on: date | None, end_on: date | None, source_event_id: UUID, now: datetime) -> None:
        if (begin_on, end_on) != (self.begin_on, self.end_on):
            self._dates_changed(begin_on=begin_on, end_on=end_on, source_event_id=source_event_id, timestamp=now)

    @event(DatesChanged)
    def _dates_changed(
        self, begin_on: date | None, end_on: date | None, source_event_id: UUID, timestamp: datetime
    ) -> None:
        self.begin_on = begin_on
        self.end_on = end_on
        self.source_event_id = source_event_id

    def end(self, on: date, source_event_id: UUID, now: datetime) -> None:
        if on != self.end_on:
            self._ended(on=on, source_event_id=source_event_id, timestamp=now)

    @event(Ended)
    def _ended(self, on: date, source_event_id: UUID, timestamp: datetime) -> None:
        self.end_on = on
        self.source_event_id = source_event_id

    def invoice_month(self, month: str, invoice_id: UUID, now: datetime) -> None:
        if month not in self.invoiced:
            self._month_invoiced(month=month, invoice_id=invoice_id, timestamp=now)

    @event(MonthInvoiced)
    def _month_invoiced(self, month: str, invoice_id: UUID, timestamp: datetime) -> None:
        self.invoiced = (*self.invoiced, month)
