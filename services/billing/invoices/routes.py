"""HTTP of invoices: preview, draft, issue, read, explain."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from billing.accounts.account import BillingAccount, PayerIsErased
from billing.agreements.agreements import Agreements, agreements_of_students
from billing.fields import MonthText
from billing.invoices.commands import DraftOutdated, MonthTooFarAhead, draft_invoice, issue_invoice
from billing.invoices.explaining import (
    ExplainedLine,
    InvoiceLine,
    explained,
    line_of,
    students_and_classes,
)
from billing.invoices.invoice import CurrenciesMixed, InvoiceIssued, NothingToInvoice, TaxTotal
from billing.invoices.invoices import (
    InvoiceRow,
    Invoices,
    LineRow,
    invoice_of,
    invoices_of,
    lines_of_invoice,
)
from billing.invoices.previewing import Preview, preview_account, preview_agreement
from billing.issuers.commands import SchoolNotReady
from billing.money import Money
from billing.months import Month
from billing.students.names import Names, names_for
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["invoices"])

MonthQuery = Annotated[MonthText, Query(description="A month, written 2026-09")]


class DraftRequest(Request):
    month: MonthText


class InvoiceHead(BaseModel):
    """A draft has no number; its total is of the lines as last prepared."""

    id: UUID
    account_id: UUID
    month: str
    state: Literal["draft", "issued"]
    number: str | None
    issued_on: date | None
    total: Money
    credited: Money


class InvoiceDocument(InvoiceHead):
    """The payer as on the day of issue. Net and total are equal: every line is exempt from tax."""

    issuer_name: str | None
    payer_name: str | None
    payer_address: str | None
    taxes: list[TaxTotal]
    hash: str | None
    lines: list[InvoiceLine]


class Explanation(BaseModel):
    """Every line down to the events behind it."""

    id: UUID
    number: str | None
    total: Money
    lines: list[ExplainedLine]


@router.get("/accounts/{account_id}/preview", responses=problems(NotFound))
async def get_account_preview(
    account_id: UUID, month: MonthQuery, caller: Annotated[Caller, may("invoices.read")]
) -> Answer[Preview]:
    """The next invoice of an account: every line with its explanation. Nothing is stored."""
    preview = await preview_account(caller, account_id, Month.parse(month), await paid_by(caller, account_id))
    return caller.answer(preview, "Preview")


@router.get("/agreements/{agreement_id}/preview", responses=problems(NotFound))
async def get_agreement_preview(
    agreement_id: UUID, month: MonthQuery, caller: Annotated[Caller, may("invoices.read")]
) -> Answer[Preview]:
    """What one agreement owes now, with or without a payer. Nothing is stored."""
    async with caller.reading(Agreements) as read:
        pass
    preview = await preview_agreement(caller, agreement_id, Month.parse(month))
    return caller.answer(preview, "Preview", read)


@router.post(
    "/accounts/{account_id}/invoices",
    status_code=201,
    responses=problems(NotFound, NothingToInvoice, CurrenciesMixed, MonthTooFarAhead, PayerIsErased),
)
async def post_invoice(
    account_id: UUID, body: DraftRequest, caller: Annotated[Caller, may("invoices.draft", creates=True)]
) -> Answer[Receipt]:
    """Draft the account's invoice of a month from its open charges; a draft that is there is brought up to date."""
    month = Month.parse(body.month)
    agreements = await paid_by(caller, account_id)
    saved = await draft_invoice(caller.store, caller.call, account_id, month, agreements)
    return caller.accepted(saved, "Invoice drafted")


@router.post(
    "/invoices/{invoice_id}/issue",
    responses=problems(NotFound, DraftOutdated, InvoiceIssued, NothingToInvoice, SchoolNotReady, PayerIsErased),
)
async def post_issue(invoice_id: UUID, caller: Annotated[Caller, may("invoices.issue", money=True)]) -> Answer[Receipt]:
    """Issue a draft: it gets the next number and never changes again, and its months are closed."""
    return caller.accepted(await issue_invoice(caller.store, caller.call, invoice_id), "Invoice issued")


@router.get("/invoices", responses=problems())
async def get_invoices(
    page: Page,
    caller: Annotated[Caller, may("invoices.read")],
    account_id: Annotated[UUID | None, Query(description="Only of this account")] = None,
) -> Answer[list[InvoiceHead]]:
    """Drafts and issued invoices, newest first."""
    before = page.after(int)
    async with caller.reading(Invoices) as read:
        rows = await invoices_of(read, before[0] if before else None, page.limit + 1, account_id)
    places = {row.id: row.position for row in rows}
    heads = [InvoiceHead.model_validate(row, from_attributes=True) for row in rows]
    return caller.page(heads, "Invoices", read, page, lambda head: (places[head.id],))


@router.get("/invoices/{invoice_id}", responses=problems(NotFound))
async def get_invoice(invoice_id: UUID, caller: Annotated[Caller, may("invoices.read")]) -> Answer[InvoiceDocument]:
    """An invoice with its lines."""
    row, lines, names = await found(caller, invoice_id)
    payer = [(row.account_id, field, getattr(row, field)) for field in ("payer_name", "payer_address")]
    name, address = await caller.keyring.open(caller.tenant_id, payer)
    document = InvoiceDocument(
        **row.model_dump(include=set(InvoiceHead.model_fields)),
        issuer_name=row.issuer_name,
        payer_name=name,
        payer_address=address,
        taxes=row.taxes,
        hash=row.hash,
        lines=[line_of(line.line, names, line.id) for line in lines],
    )
    return caller.answer(document, "Invoice")


@router.get("/invoices/{invoice_id}/explanation", responses=problems(NotFound))
async def get_explanation(invoice_id: UUID, caller: Annotated[Caller, may("invoices.read")]) -> Answer[Explanation]:
    """Every line of an invoice down to its marks, plan versions, rules and rounding."""
    row, lines, names = await found(caller, invoice_id)
    told = [explained(line.line, names, line.id) for line in lines]
    return caller.answer(Explanation(id=row.id, number=row.number, total=row.total, lines=told), "Explanation")


async def found(caller: Caller, invoice_id: UUID) -> tuple[InvoiceRow, list[LineRow], Names]:
    async with caller.reading(Invoices) as read:
        row = await invoice_of(read, invoice_id)
        lines = await lines_of_invoice(read, invoice_id)
    if row is None:
        raise NotFound
    return row, lines, await names_for(caller, *students_and_classes(line.line for line in lines))


async def paid_by(caller: Caller, account_id: UUID) -> list[UUID]:
    """The agreements of the students whom the account pays for; the commands check each one again."""
    async with caller.reading(Agreements) as read:
        account = await caller.store.get(BillingAccount, account_id, caller.tenant_id)
        return await agreements_of_students(read, list(account.students))
