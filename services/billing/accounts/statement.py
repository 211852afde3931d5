"""An account's statement: its invoices and credit notes in order, with what is owed after each."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from billing.accounts.account import BillingAccount
from billing.credit_notes.credit_note import CreditNote
from billing.invoices.invoice import Invoice
from billing.money import Money
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

KNOWN = Table(
    "statement_account",
    key=("tenant_id", "account_id"),
    columns={"tenant_id": "uuid", "account_id": "uuid"},
)
ENTRIES = Table(
    "statement_entry",
    key=("tenant_id", "account_id", "position"),
    columns={
        "tenant_id": "uuid",
        "account_id": "uuid",
        "position": "int8",
        "kind": "text",
        "document_id": "uuid",
        "number": "text",
        "issued_on": "date",
        "amount": "int8",
        "currency": "text",
    },
)


@dataclass(frozen=True)
class Entry:
    kind: Literal["invoice", "credit_note"]
    document_id: UUID
    number: str
    issued_on: date
    amount: int
    currency: str


@dataclass(frozen=True)
class StatementEntry:
    """A credit note's amount is below zero; `balance` is what is owed in this currency after the entry."""

    kind: Literal["invoice", "credit_note"]
    document_id: UUID
    number: str
    issued_on: date
    amount: Money
    balance: Money


class Statement(View):
    """One row an issued document, in the order they were issued."""

    NAME = "statement"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (KNOWN, ENTRIES)

    @on(BillingAccount.Opened)
    def opened(self, fact: Fact[BillingAccount.Opened], rows: Rows) -> None:
        rows.put(KNOWN, {"tenant_id": fact.tenant_id, "account_id": fact.aggregate_id})

    @on(Invoice.Issued)
    def invoiced(self, fact: Fact[Invoice.Issued], rows: Rows) -> None:
        self._put(fact, rows, "invoice", fact.data.total.amount)

    @on(CreditNote.Issued)
    def credited(self, fact: Fact[CreditNote.Issued], rows: Rows) -> None:
        self._put(fact, rows, "credit_note", -fact.data.total.amount)

    @staticmethod
    def _put(fact: Fact[Invoice.Issued] | Fact[CreditNote.Issued], rows: Rows, kind: str, amount: int) -> None:
        rows.put(
            ENTRIES,
            {
                "tenant_id": fact.tenant_id,
                "account_id": fact.data.account_id,
                "position": fact.position,
                "kind": kind,
                "document_id": fact.aggregate_id,
                "number": fact.data.number,
                "issued_on": fact.data.issued_on,
                "amount": amount,
                "currency": fact.data.total.currency,
            },
        )


async def statement_of(read: Reading, account_id: UUID) -> list[StatementEntry] | None:
    """None for an unknown account."""
    known = await read.rows(
        "SELECT 1 FROM statement_account WHERE tenant_id = %(tenant)s AND account_id = %(account)s",
        account=account_id,
    )
    if not known:
        return None
    entries = await read.all(
        Entry,
        "SELECT kind, document_id, number, issued_on, amount, currency FROM statement_entry"
        " WHERE tenant_id = %(tenant)s AND account_id = %(account)s ORDER BY position",
        account=account_id,
    )
    return with_balance(entries)


def with_balance(entries: list[Entry]) -> list[StatementEntry]:
    balances: dict[str, int] = {}
    statement = []
    for one in entries:
        balances[one.currency] = balances.get(one.currency, 0) + one.amount
        amount, balance = Money(one.amount, one.currency), Money(balances[one.currency], one.currency)
        statement.append(StatementEntry(one.kind, one.document_id, one.number, one.issued_on, amount, balance))
    return statement
