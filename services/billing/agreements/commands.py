"""What happens to an agreement: it starts, its dates change, it ends. Invoiced months are settled with it."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from billing.agreements.agreement import Agreement, agreement_id
from billing.months import Month
from billing.periods.ledger import Ledger, Place
from billing.periods.settlement import Owed
from billing.rating import flat_charges, flat_key
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def start_agreement(
    store: EventStore,
    call: Call,
    enrolment_id: UUID,
    student_id: UUID,
    class_id: UUID,
    course_id: UUID | None,
    begin_on: date | None,
    end_on: date | None,
    source_event_id: UUID,
) -> Saved:
    id = agreement_id(call.tenant_id, enrolment_id)
    agreement = await store.find(Agreement, id, call.tenant_id)
    if agreement is not None:
        agreement.change_dates(begin_on, end_on, source_event_id, call.now)
        return await _save_with_invoiced_months(store, call, agreement)
    agreement = Agreement(
        id=id,
        tenant_id=call.tenant_id,
        enrolment_id=enrolment_id,
        student_id=student_id,
        class_id=class_id,
        course_id=course_id,
        begin_on=begin_on,
        end_on=end_on,
        source_event_id=source_event_id,
        timestamp=call.now,
    )
    return await store.save(agreement, call=call)


@command
async def change_agreement_dates(
    store: EventStore,
    call: Call,
    enrolment_id: UUID,
    begin_on: date | None,
    end_on: date | None,
    source_event_id: UUID,
) -> Saved:
    def decide(agreement: Agreement) -> None:
        agreement.change_dates(begin_on, end_on, source_event_id, call.now)

    return await _change(store, call, enrolment_id, decide)


@command
async def end_agreement(store: EventStore, call: Call, enrolment_id: UUID, on: date, source_event_id: UUID) -> Saved:
    return await _change(store, call, enrolment_id, lambda agreement: agreement.end(on, source_event_id, call.now))


async def _change(store: EventStore, call: Call, enrolment_id: UUID, decide: Callable[[Agreement], None]) -> Saved:
    """An enrolment from before this service listened has no agreement: there is nothing to change."""
    agreement = await store.find(Agreement, agreement_id(call.tenant_id, enrolment_id), call.tenant_id)
    if agreement is None:
        return await store.save(call=call)
    decide(agreement)
    return await _save_with_invoiced_months(store, call, agreement)


async def _save_with_invoiced_months(store: EventStore, call: Call, agreement: Agreement) -> Saved:
    """The flat prices of invoiced months again, by the tariff of then and the dates of now."""
    ledger = Ledger(store, call.tenant_id, call.now)
    if agreement.pending_events:
        places = [Place.of(agreement, month) for month in agreement.invoiced]
        periods = await ledger.periods(places)
        await ledger.settle(
            [
                (
                    place,
                    Owed(
                        flat_key(place.month),
                        agreement.source_event_id,
                        flat_charges(
                            Month.parse(place.month),
                            period.tariff,
                            agreement.begin_on,
                            agreement.end_on,
                            agreement.source_event_id,
                        ),
                    ),
                )
                for place, period in zip(places, periods, strict=True)
                if period.tariff
            ]
        )
    return await ledger.save(agreement, call=call)
