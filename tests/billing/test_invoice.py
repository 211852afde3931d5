"""Decisions of invoices and credit notes."""

from datetime import UTC, date, datetime

from billing.credit_notes.credit_note import CreditNote, NotApproved, ProposalDecided
from billing.document_hash import document_hash
from billing.invoices.invoice import (
    CreditExceedsInvoice,
    CurrenciesMixed,
    Invoice,
    InvoiceIssued,
    NothingToInvoice,
    TaxTotal,
    invoice_id,
)
from billing.lines import lines_of
from billing.money import Money
from billing.periods.charges import Attended, Item, Line
from billing.plans.tariff import Component, PlanVersion, Price
from billing.rating import meeting_charges
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 30, 8, tzinfo=UTC)
TENANT, ACCOUNT, AGREEMENT, STUDENT, CLASS, PLAN, ISSUER, NOTE = (uuid7() for _ in range(8))
TODAY = date(2026, 9, 30)
NAME = Sealed[str]("v1.name")


def line(cents: int = 2000, currency: str = "EUR") -> Line:
    component = Component("Lesson", "per_meeting", Money(cents, currency))
    price = Price("class", PLAN, "Piano", PlanVersion(1, date(2026, 9, 1), (component,)))
    mark = Attended(PLAN, CLASS, None, date(2026, 9, 7), 60, "P", 1, NOTE)
    return lines_of(AGREEMENT, STUDENT, CLASS, [Item(ISSUER, meeting_charges(mark, price)[0])])[0]


def empty() -> Invoice:
    return Invoice(
        id=invoice_id(ACCOUNT, "2026-09", 0),
        tenant_id=TENANT,
        account_id=ACCOUNT,
        month="2026-09",
        currency="EUR",
        timestamp=NOW,
    )


def drafted() -> Invoice:
    invoice = empty()
    invoice.prepare([line()], NOW)
    return invoice


def issue(invoice: Invoice) -> None:
    invoice.issue("F2026-000001", TODAY, ISSUER, "Academy", NAME, None, "hash", NOW)


def issued() -> Invoice:
    invoice = drafted()
    issue(invoice)
    return invoice


def proposed() -> CreditNote:
    return CreditNote(
        id=NOTE,
        tenant_id=TENANT,
        invoice_id=invoice_id(ACCOUNT, "2026-09", 0),
        account_id=ACCOUNT,
        period_id=uuid7(),
        agreement_id=AGREEMENT,
        student_id=STUDENT,
        month="2026-09",
        key="meeting:x",
        source_event_id=uuid7(),
        amount=Money(2000, "EUR"),
        items=line().items,
        timestamp=NOW,
    )


def approved() -> CreditNote:
    note = proposed()
    note.approve(NOW)
    return note


def rejected() -> CreditNote:
    note = proposed()
    note.reject("disputed", NOW)
    return note


def issue_note(note: CreditNote) -> None:
    note.issue("R2026-000001", TODAY, ISSUER, "Academy", "F2026-000001", NAME, None, "hash", NOW)


def issued_note() -> CreditNote:
    note = approved()
    issue_note(note)
    return note


def test_B9_a_draft_has_lines_and_no_number() -> None:
    given(empty()).when(lambda i: i.prepare([line()], NOW)).then(Invoice.LineAdded, line=line())
    assert drafted().number is None


def test_preparing_the_same_lines_again_changes_nothing() -> None:
    given(drafted()).when(lambda i: i.prepare([line()], NOW)).then_nothing()


def test_preparing_other_lines_takes_the_old_ones_out() -> None:
    given(drafted()).when(lambda i: i.prepare([line(2500)], NOW)).then_events(Invoice.LineRemoved, Invoice.LineAdded)


def test_B9_the_number_and_the_totals_come_with_the_issue() -> None:
    given(drafted()).when(issue).then(
        Invoice.Issued,
        number="F2026-000001",
        total=Money(2000, "EUR"),
        taxes=(TaxTotal("E", "0", "VATEX-EU-132-1I", Money(2000, "EUR"), Money(0, "EUR")),),
    )


def test_B12_an_issued_invoice_never_changes() -> None:
    given(issued()).when(lambda i: i.prepare([line(2500)], NOW)).then_refused(InvoiceIssued)
    given(issued()).when(issue).then_refused(InvoiceIssued)


def test_an_invoice_needs_lines_of_one_currency() -> None:
    given(empty()).when(lambda i: i.prepare([], NOW)).then_refused(NothingToInvoice)
    given(empty()).when(issue).then_refused(NothingToInvoice)
    mixed = [line(), line(100, "USD")]
    given(empty()).when(lambda i: i.prepare(mixed, NOW)).then_refused(CurrenciesMixed)


def test_B13_credit_notes_are_never_more_than_their_invoice() -> None:
    given(issued()).when(lambda i: i.credit(NOTE, Money(2000, "EUR"), NOW)).then(Invoice.Credited, credit_note_id=NOTE)
    given(issued()).when(lambda i: i.credit(NOTE, Money(2001, "EUR"), NOW)).then_refused(CreditExceedsInvoice)


def test_B13_a_proposal_is_approved_once_and_then_issued() -> None:
    given(proposed()).when(lambda n: n.approve(NOW)).then(CreditNote.Approved)
    given(approved()).when(lambda n: n.approve(NOW)).then_nothing()
    given(approved()).when(issue_note).then(
        CreditNote.Issued, number="R2026-000001", invoice_number="F2026-000001", total=Money(2000, "EUR")
    )


def test_N3_a_proposal_is_never_issued_without_a_persons_approval() -> None:
    given(proposed()).when(issue_note).then_refused(NotApproved)


def test_what_is_decided_stays_decided() -> None:
    given(rejected()).when(lambda n: n.reject("disputed", NOW)).then_nothing()
    given(rejected()).when(lambda n: n.approve(NOW)).then_refused(ProposalDecided)
    given(rejected()).when(issue_note).then_refused(ProposalDecided)
    given(issued_note()).when(issue_note).then_refused(ProposalDecided)
    given(issued_note()).when(lambda n: n.reject("disputed", NOW)).then_refused(ProposalDecided)


def test_B12_the_hash_of_a_document_depends_on_every_part_of_it_and_on_nothing_else() -> None:
    content = {"number": "F2026-000001", "lines": [line()], "day": TODAY}
    assert document_hash(content) == document_hash(dict(reversed(content.items())))
    assert document_hash(content) != document_hash(content | {"lines": [line(2001)]})
