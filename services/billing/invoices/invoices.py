"""The invoices of a school: drafts and documents, with their lines and the items behind each line."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from billing.invoices.invoice import Invoice, TaxTotal
from billing.money import Money
from billing.periods.charges import Line
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

INVOICES = Table(
    "invoice",
    key=("tenant_id", "invoice_id"),
    columns={
        "tenant_id": "uuid",
        "invoice_id": "uuid",
        "position": "int8",
        "account_id": "uuid",
        "month": "text",
        "state": "text",
        "number": "text",
        "issued_on": "date",
        "issuer_name": "text",
        "payer_name": "text",
        "payer_address": "text",
        "taxes": "jsonb",
        "total": "int8",
        "credited": "int8",
        "currency": "text",
        "hash": "text",
    },
    indexes=(("tenant_id", "position"), ("tenant_id", "account_id")),
)
LINES = Table(
    "invoice_line",
    key=("tenant_id", "invoice_id", "line_id"),
    columns={"tenant_id": "uuid", "invoice_id": "uuid", "line_id": "uuid", "line": "jsonb"},
)
END = 2**63 - 1
LINE: TypeAdapter[Any] = TypeAdapter(Line)
TAXES: TypeAdapter[Any] = TypeAdapter(tuple[TaxTotal, ...])


class InvoiceRow(BaseModel):
    """`position` orders by the day of drafting. The payer's details are still sealed, as on the day of issue."""

    id: UUID
    position: int
    account_id: UUID
    month: str
    state: Literal["draft", "issued"]
    number: str | None
    issued_on: date | None
    issuer_name: str | None
    payer_name: str | None
    payer_address: str | None
    taxes: list[TaxTotal]
    total: Money
    credited: Money
    hash: str | None


class LineRow(BaseModel):
    id: UUID
    line: Line


class Invoices(View):
    """One row an invoice, one a line."""

    NAME = "invoices"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (INVOICES, LINES)

    @on(Invoice.Drafted)
    def drafted(self, fact: Fact[Invoice.Drafted], rows: Rows) -> None:
        rows.put(
            INVOICES,
            {
                "tenant_id": fact.tenant_id,
                "invoice_id": fact.aggregate_id,
                "position": fact.position,
                "account_id": fact.data.account_id,
                "month": fact.data.month,
                "state": "draft",
                "number": None,
                "issued_on": None,
                "issuer_name": None,
                "payer_name": None,
                "payer_address": None,
                "taxes": [],
                "total": 0,
                "credited": 0,
                "currency": fact.data.currency,
                "hash": None,
            },
        )

    @on(Invoice.LineAdded)
    async def line_added(self, fact: Fact[Invoice.LineAdded], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        values = LINE.dump_python(fact.data.line, mode="json")
        rows.put(
            LINES,
            {
                "tenant_id": fact.tenant_id,
                "invoice_id": fact.aggregate_id,
                "line_id": fact.data.line_id,
                "line": values,
            },
        )
        await self._add(rows, key, fact.data.line.amount.amount)

    @on(Invoice.LineRemoved)
    async def line_removed(self, fact: Fact[Invoice.LineRemoved], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        row = await rows.get(LINES, (*key, fact.data.line_id))
        if row is not None:
            rows.remove(LINES, (*key, fact.data.line_id))
            await self._add(rows, key, -row["line"]["amount"]["amount"])

    @on(Invoice.Issued)
    def issued(self, fact: Fact[Invoice.Issued], rows: Rows) -> None:
        told = fact.data
        rows.change(
            INVOICES,
            (fact.tenant_id, fact.aggregate_id),
            state="issued",
            number=told.number,
            issued_on=told.issued_on,
            issuer_name=told.issuer_name,
            payer_name=told.payer_name.text,
            payer_address=told.payer_address and told.payer_address.text,
            taxes=TAXES.dump_python(told.taxes, mode="json"),
            total=told.total.amount,
            hash=told.hash,
        )

    @on(Invoice.Credited)
    async def credited(self, fact: Fact[Invoice.Credited], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        row = await rows.get(INVOICES, key)
        if row is not None:
            rows.change(INVOICES, key, credited=row["credited"] + fact.data.amount.amount)

    @staticmethod
    async def _add(rows: Rows, key: tuple[UUID, UUID], amount: int) -> None:
        row = await rows.get(INVOICES, key)
        if row is not None:
            rows.change(INVOICES, key, total=row["total"] + amount)


SELECT = (
    "SELECT invoice_id AS id, position, account_id, month, state, number, issued_on, issuer_name, payer_name,"
    " payer_address, taxes,"
    " jsonb_build_object('amount', total, 'currency', currency) AS total,"
    " jsonb_build_object('amount', credited, 'currency', currency) AS credited, hash"
    " FROM invoice WHERE tenant_id = %(tenant)s "
)


async def invoices_of(
    read: Reading, before: int | None, limit: int, account_id: UUID | None = None
) -> list[InvoiceRow]:
    """Newest first."""
    return await read.all(
        InvoiceRow,
        SELECT + "AND position < %(before)s AND (%(account)s::uuid IS NULL OR account_id = %(account)s::uuid)"
        " ORDER BY position DESC LIMIT %(limit)s",
        before=before or END,
        limit=limit,
        account=account_id,
    )


async def invoice_of(read: Reading, invoice_id: UUID) -> InvoiceRow | None:
    return await read.one(InvoiceRow, SELECT + "AND invoice_id = %(invoice)s", invoice=invoice_id)


async def lines_of_invoice(read: Reading, invoice_id: UUID) -> list[LineRow]:
    return await read.all(
        LineRow,
        "SELECT line_id AS id, line FROM invoice_line"
        " WHERE tenant_id = %(tenant)s AND invoice_id = %(invoice)s"
        " ORDER BY line ->> 'month', line ->> 'student_id', line ->> 'component', line_id",
        invoice=invoice_id,
    )
