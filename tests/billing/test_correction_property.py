"""Whatever is corrected after invoicing: invoices less credit notes are what should have been invoiced."""

from datetime import UTC, date, datetime
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from billing.invoices.invoice import Invoice, invoice_id
from billing.lines import lines_of
from billing.money import Money
from billing.months import Month
from billing.periods.charge_period import ChargePeriod, period_id
from billing.periods.charges import Attended, Charge
from billing.periods.settlement import Owed, Proposal, settle
from billing.plans.price_book import PriceBook
from billing.plans.tariff import Component, PlanVersion
from billing.rating import flat_charges, flat_key, meeting_charges, tariff_of
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 30, 8, tzinfo=UTC)
TENANT, AGREEMENT, STUDENT, CLASS, ACCOUNT, PLAN = (uuid7() for _ in range(6))
SEPTEMBER = Month(2026, 9)
MEETINGS = [uuid7() for _ in range(4)]
LESSON = Component("Lesson", "per_meeting", Money(1999, "EUR"))
FLAT = Component("Month", "monthly", Money(6001, "EUR"))
VERSIONS = (
    PlanVersion(1, date(2026, 1, 1), (LESSON, FLAT)),
    PlanVersion(2, date(2026, 9, 13), (Component("Lesson", "per_meeting", Money(2500, "EUR")), FLAT)),
)
BOOK = PriceBook(TENANT, {("tenant", TENANT): ((date(2026, 1, 1), PLAN),)}, {PLAN: ("Piano", VERSIONS)})


class Office:
    """One agreement's periods, invoices and proposals, driven by the same pure code as the service."""

    def __init__(self) -> None:
        self.periods: dict[str, ChargePeriod] = {}
        self.invoices: dict[UUID, Invoice] = {}
        self.proposals: dict[UUID, Proposal] = {}
        self.present: set[int] = set()
        self.dates: tuple[date | None, date | None] = (None, None)

    def period(self, month: str) -> ChargePeriod:
        if month not in self.periods:
            self.periods[month] = ChargePeriod(
                id=period_id(AGREEMENT, month),
                tenant_id=TENANT,
                agreement_id=AGREEMENT,
                enrolment_id=uuid7(),
                student_id=STUDENT,
                class_id=CLASS,
                month=month,
                timestamp=NOW,
            )
        return self.periods[month]

    def chain(self) -> list[ChargePeriod]:
        month, chain = SEPTEMBER, [self.period(str(SEPTEMBER))]
        while chain[-1].closed:
            month = month.next
            chain.append(self.period(str(month)))
        return chain

    def settle(self, owed: Owed) -> None:
        outcome = settle(self.chain(), owed, NOW)
        for proposal_id in outcome.superseded:
            del self.proposals[proposal_id]
        self.proposals |= {proposal.proposal_id: proposal for proposal in outcome.proposals}

    def mark(self, meeting: int, present: bool) -> None:
        (self.present.add if present else self.present.discard)(meeting)
        event_id = uuid7()
        charges = self.meeting(meeting, event_id) if present else ()
        self.settle(Owed(f"meeting:{MEETINGS[meeting]}", event_id, charges))

    def change_dates(self, begin_on: date | None, end_on: date | None) -> None:
        self.dates = (begin_on, end_on)
        if self.period(str(SEPTEMBER)).closed:
            tariff = self.period(str(SEPTEMBER)).tariff
            charges = flat_charges(SEPTEMBER, tariff, begin_on, end_on, uuid7())
            self.settle(Owed(flat_key(SEPTEMBER), uuid7(), charges))

    def invoice(self) -> None:
        period = self.chain()[-1]
        tariff = tariff_of(SEPTEMBER, BOOK, CLASS, None) if period.month == str(SEPTEMBER) else ()
        if tariff:
            charges = flat_charges(SEPTEMBER, tariff, *self.dates, uuid7())
            period.replace(flat_key(SEPTEMBER), charges, uuid7(), NOW)
        lines = lines_of(AGREEMENT, STUDENT, CLASS, period.standing())
        invoice = Invoice(
            id=invoice_id(ACCOUNT, period.month, 0),
            tenant_id=TENANT,
            account_id=ACCOUNT,
            month=period.month,
            currency="EUR",
            timestamp=NOW,
        )
        if lines:
            invoice.prepare(lines, NOW)
            invoice.issue("F2026-1", date(2026, 9, 30), uuid7(), "Academy", Sealed("v1.x"), None, "", NOW)
        self.invoices[invoice.id] = invoice
        period.close(invoice.id, ACCOUNT, lines, tariff, NOW)

    def decide(self, accepted: bool) -> None:
        if not self.proposals:
            return
        proposal_id, proposal = self.proposals.popitem()
        credited = proposal.amount if accepted else Money(0, "EUR")
        proposal.period.settle(proposal.key, proposal_id, credited, NOW)
        if accepted:
            assert proposal.period.invoice_id is not None
            self.invoices[proposal.period.invoice_id].credit(proposal_id, credited, NOW)

    def billed_month(self, begin_on: date | None, end_on: date | None) -> None:
        """The dates change, all is decided, the next invoice goes out: a charge comes to stand on several invoices."""
        self.change_dates(begin_on, end_on)
        while self.proposals:
            self.decide(True)
        self.invoice()

    @staticmethod
    def meeting(meeting: int, event_id: UUID) -> tuple[Charge, ...]:
        day = date(2026, 9, 4 + 6 * meeting)
        mark = Attended(MEETINGS[meeting], CLASS, None, day, 60, "P", 1, event_id)
        price = BOOK.price_on(day, CLASS, None)
        return meeting_charges(mark, price) if price else ()

    def owed(self) -> int:
        flat = flat_charges(SEPTEMBER, tariff_of(SEPTEMBER, BOOK, CLASS, None), *self.dates, uuid7())
        meetings = [charge for n in self.present for charge in self.meeting(n, uuid7())]
        return sum(charge.amount.amount for charge in (*flat, *meetings))

    def asked(self) -> int:
        return sum(invoice.total.amount - invoice.credited.amount for invoice in self.invoices.values())


DAYS = st.none() | st.dates(date(2026, 8, 25), date(2026, 10, 5))
MARKS = st.tuples(st.just("mark"), st.integers(0, 3), st.booleans())
DATES = st.tuples(st.just("change_dates"), DAYS, DAYS)
BILLED = st.tuples(st.just("billed_month"), DAYS, DAYS)
BEFORE = st.lists(MARKS | DATES, max_size=8)
AFTER = st.lists(
    MARKS | DATES | BILLED | st.tuples(st.just("invoice")) | st.tuples(st.just("decide"), st.just(True)), max_size=20
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@for_all(BEFORE, AFTER)
def test_N3_invoices_and_accepted_proposals_are_what_correct_data_would_have_given(
    before: list[tuple[str, ...]], after: list[tuple[str, ...]]
) -> None:
    office = Office()
    for name, *arguments in [*before, ("invoice",), *after]:
        getattr(office, name)(*arguments)
    while office.proposals:
        office.decide(True)
    office.invoice()
    assert office.asked() == office.owed()
    assert all(0 <= one.credited.amount <= one.total.amount for one in office.invoices.values())


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@for_all(BEFORE, st.lists(MARKS | DATES, max_size=12))
def test_N3_a_proposal_is_exactly_the_difference_and_never_more_than_the_invoice(
    before: list[tuple[str, ...]], after: list[tuple[str, ...]]
) -> None:
    office = Office()
    for name, *arguments in [*before, ("invoice",)]:
        getattr(office, name)(*arguments)
    invoiced = office.asked()
    for name, *arguments in after:
        getattr(office, name)(*arguments)
    proposed = sum(proposal.amount.amount for proposal in office.proposals.values())
    late = sum(item.charge.amount.amount for item in office.chain()[-1].standing())
    assert invoiced - proposed + late == office.owed()
    assert 0 <= proposed <= invoiced
