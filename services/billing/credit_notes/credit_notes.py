"""Credit notes of a school: the proposals that wait for a person, and what became of them."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from billing.credit_notes.credit_note import CreditNote
from billing.money import Money
from billing.periods.charges import Item
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

NOTES = Table(
    "credit_note",
    key=("tenant_id", "credit_note_id"),
    columns={
        "tenant_id": "uuid",
        "credit_note_id": "uuid",
        "position": "int8",
        "invoice_id": "uuid",
        "account_id": "uuid",
        "agreement_id": "uuid",
        "student_id": "uuid",
        "month": "text",
        "state": "text",
        "amount": "int8",
        "currency": "text",
        "source_event_id": "uuid",
        "items": "jsonb",
        "number": "text",
        "invoice_number": "text",
        "issued_on": "date",
        "reason": "text",
        "hash": "text",
    },
    indexes=(("tenant_id", "position"), ("tenant_id", "state"), ("tenant_id", "account_id")),
)
END = 2**63 - 1
ITEMS: TypeAdapter[Any] = TypeAdapter(tuple[Item, ...])


class CreditNoteRow(BaseModel):
    """`source_event_id` is the correction in the register that led to it; `items` are what is credited;
    `position` orders by the day of the proposal."""

    id: UUID
    position: int
    invoice_id: UUID
    account_id: UUID
    agreement_id: UUID
    student_id: UUID
    month: str
    state: Literal["proposed", "approved", "issued", "rejected"]
    amount: Money
    source_event_id: UUID
    items: list[Item]
    number: str | None
    invoice_number: str | None
    issued_on: date | None
    reason: str | None
    hash: str | None


class CreditNotes(View):
    """One row a proposal, from its first day to its end."""

    NAME = "credit_notes"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (NOTES,)

    @on(CreditNote.Proposed)
    def proposed(self, fact: Fact[CreditNote.Proposed], rows: Rows) -> None:
        told = fact.data
        rows.put(
            NOTES,
            {
                "tenant_id": fact.tenant_id,
                "credit_note_id": fact.aggregate_id,
                "position": fact.position,
                "invoice_id": told.invoice_id,
                "account_id": told.account_id,
                "agreement_id": told.agreement_id,
                "student_id": told.student_id,
                "month": told.month,
                "state": "proposed",
                "amount": told.amount.amount,
                "currency": told.amount.currency,
                "source_event_id": told.source_event_id,
                "items": ITEMS.dump_python(told.items, mode="json"),
                "number": None,
                "invoice_number": None,
                "issued_on": None,
                "reason": None,
                "hash": None,
            },
        )

    @on(CreditNote.Approved)
    def approved(self, fact: Fact[CreditNote.Approved], rows: Rows) -> None:
        rows.change(NOTES, (fact.tenant_id, fact.aggregate_id), state="approved")

    @on(CreditNote.Issued)
    def issued(self, fact: Fact[CreditNote.Issued], rows: Rows) -> None:
        told = fact.data
        rows.change(
            NOTES,
            (fact.tenant_id, fact.aggregate_id),
            state="issued",
            number=told.number,
            invoice_number=told.invoice_number,
            issued_on=told.issued_on,
            hash=told.hash,
        )

    @on(CreditNote.ProposalRejected)
    def rejected(self, fact: Fact[CreditNote.ProposalRejected], rows: Rows) -> None:
        rows.change(NOTES, (fact.tenant_id, fact.aggregate_id), state="rejected", reason=fact.data.reason)


SELECT = (
    "SELECT credit_note_id AS id, position, invoice_id, account_id, agreement_id, student_id, month, state,"
    " jsonb_build_object('amount', amount, 'currency', currency) AS amount, source_event_id, items, number,"
    " invoice_number, issued_on, reason, hash FROM credit_note WHERE tenant_id = %(tenant)s "
)


async def proposals_of(read: Reading, after: int | None, limit: int) -> list[CreditNoteRow]:
    """What waits for a person, oldest first: to be approved, or approved and to be issued."""
    return await read.all(
        CreditNoteRow,
        SELECT + "AND (state = 'proposed' OR state = 'approved') AND position > %(after)s"
        " ORDER BY position LIMIT %(limit)s",
        after=after or 0,
        limit=limit,
    )


async def credit_notes_of(read: Reading, before: int | None, limit: int) -> list[CreditNoteRow]:
    """Newest first."""
    return await read.all(
        CreditNoteRow,
        SELECT + "AND position < %(before)s ORDER BY position DESC LIMIT %(limit)s",
        before=before or END,
        limit=limit,
    )


async def credit_note_of(read: Reading, credit_note_id: UUID) -> CreditNoteRow | None:
    return await read.one(CreditNoteRow, SELECT + "AND credit_note_id = %(note)s", note=credit_note_id)
