"""Flow F8: a seat that becomes free is offered to the next in line, and an offer that nobody took to the one after."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from academic.classes.class_ import Class
from academic.waitlists.commands import lapse_offer, offer_seats
from academic.waitlists.waiting import Waiting, due_offers
from shared.calls import Actor, Call
from shared.clock import Due
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.reactions import Act, Fact, when
from shared.reading import reading_all


@when(Class.StudentWithdrawn, name="academic.offer-seat-of-withdrawn")
async def when_student_withdrawn(fact: Fact[Class.StudentWithdrawn], act: Act) -> None:
    await offer(act, fact.aggregate_id)


@when(Class.EnrollmentDatesChanged, name="academic.offer-seat-of-changed-dates")
async def when_enrollment_dates_changed(fact: Fact[Class.EnrollmentDatesChanged], act: Act) -> None:
    await offer(act, fact.aggregate_id)


@when(Class.CapacitySet, name="academic.offer-seats-of-capacity")
async def when_capacity_set(fact: Fact[Class.CapacitySet], act: Act) -> None:
    await offer(act, fact.aggregate_id)


@when(Class.ReservationEnded, name="academic.offer-seat-of-reservation")
async def when_reservation_ended(fact: Fact[Class.ReservationEnded], act: Act) -> None:
    await offer(act, fact.aggregate_id)


@when(Class.GuestLeft, name="academic.offer-seat-of-guest")
async def when_guest_left(fact: Fact[Class.GuestLeft], act: Act) -> None:
    """One place in one lesson may have been what kept somebody out."""
    await offer(act, fact.aggregate_id)


REACTIONS = (
    when_student_withdrawn,
    when_enrollment_dates_changed,
    when_capacity_set,
    when_reservation_ended,
    when_guest_left,
)


async def offer(act: Act, class_id: UUID) -> None:
    """The time to answer begins when the seat is offered, however late that is."""
    await offer_seats(act.store, replace(act.call, now=datetime.now(UTC)), class_id)


async def lapse(kernel: Kernel, now: datetime) -> None:
    """Offers whose time is over; a run may be repeated or missed."""
    async with reading_all(kernel.pool, Waiting) as connection:
        due = await due_offers(connection, now)
    for each in due:
        call = Call(
            tenant_id=each.tenant_id, actor=Actor("system", "academic.lapse-offers"), now=now, correlation_id=uuid7()
        )
        await lapse_offer(kernel.store, call, each.class_id, each.enrolment_id)


LAPSING = Due("academic.lapse-offers", timedelta(minutes=1), lapse)
