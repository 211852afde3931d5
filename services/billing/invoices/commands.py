"""What can be done with an invoice: draft it from the open months, issue it with its number."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.accounts.account import BillingAccount
from billing.agreements.agreement import Agreement
from billing.document_hash import document_hash
from billing.invoices.drafts import draft_of
from billing.invoices.invoice import Invoice, NothingToInvoice
from billing.invoices.preparing import PreparedPeriod, prepare
from billing.issuers.commands import issuer_of
from billing.issuers.issuer import Issuer, default_issuer_id
from billing.months import Month
from billing.series.numbering import number_claim, number_source
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.store import EventStore, Stale

AHEAD = 12
"""Months."""


class MonthTooFarAhead(Refused):
    """A month is invoiced at most a year ahead."""


class DraftOutdated(Refused):
    """Charges have changed since this draft: prepare it again, look at it, and issue it then."""


@command
async def draft_invoice(
    store: EventStore, call: Call, account_id: UUID, month: Month, agreement_ids: Iterable[UUID]
) -> Saved:
    """The account's one draft of this month: made, or brought up to date."""
    account = await store.get(BillingAccount, account_id, call.tenant_id)
    account.guard_payer()
    guard_month(month, call.now)
    agreements = await agreements_paid_by(store, account, agreement_ids)
    prepared = await prepare(store, call, agreements, month, account_id)
    if not prepared.lines:
        raise NothingToInvoice
    id, invoice = await draft_of(store, call.tenant_id, account_id, str(month))
    invoice = invoice or Invoice(
        id=id,
        tenant_id=call.tenant_id,
        account_id=account_id,
        month=str(month),
        currency=prepared.lines[0].amount.currency,
        timestamp=call.now,
    )
    invoice.prepare(prepared.lines, call.now)
    return await prepared.ledger.save(invoice, call=call)


@command
async def issue_invoice(store: EventStore, call: Call, invoice_id: UUID) -> Saved:
    """Number, document and the end of its months in one append: a refused issue takes no number."""
    async with store.turn(call, default_issuer_id(call.tenant_id)):
        invoice = await store.get(Invoice, invoice_id, call.tenant_id)
        if call.expected_version not in (None, invoice.version):
            raise Stale(invoice.version)
        if invoice.issued:
            return await store.save(invoice, call=call)
        issuer = await issuer_of(store, call.tenant_id)
        account = await store.get(BillingAccount, invoice.account_id, call.tenant_id)
        account.guard_payer()
        prepared = await _unchanged(store, call, invoice, account)
        today = local_day(issuer, call.now)
        numbers = await number_source(store, issuer, "invoice", today, call.now)
        number = numbers.series.take(invoice.id, call.now)
        content: dict[str, Any] = {
            "number": number,
            "day": today,
            "issuer": [issuer.id, issuer.name],
            "account": account.id,
        }
        content |= {"month": invoice.month, "lines": list(invoice.lines.values()), "total": invoice.total}
        invoice.issue(
            number,
            today,
            issuer.id,
            issuer.name,
            account.payer_name,
            account.payer_address,
            document_hash(content),
            call.now,
        )
        for one in prepared:
            one.period.close(invoice.id, account.id, one.lines, one.tariff, call.now)
            one.agreement.invoice_month(one.period.month, invoice.id, call.now)
        agreements = {one.agreement.id: one.agreement for one in prepared}
        changed = [*numbers.changed(), *agreements.values(), *(one.period for one in prepared)]
        claim = number_claim(numbers.series, number, invoice.id)
        return await store.save(invoice, *changed, call=call, claims=[claim])


async def agreements_paid_by(
    store: EventStore, account: BillingAccount, agreement_ids: Iterable[UUID]
) -> list[Agreement]:
    found = await store.get_many(Agreement, agreement_ids, account.tenant_id)
    return [agreement for agreement in found.values() if agreement.student_id in account.students]


def guard_month(month: Month, now: datetime) -> None:
    if month.since(Month.of(now.date())) > AHEAD:
        raise MonthTooFarAhead(pointer="/month")


def local_day(issuer: Issuer, now: datetime) -> date:
    """The school's day: it dates the document and chooses the year of its number."""
    return now.astimezone(ZoneInfo(issuer.zone)).date()


async def _unchanged(store: EventStore, call: Call, invoice: Invoice, account: BillingAccount) -> list[PreparedPeriod]:
    """The draft's periods as they are now. Raises DraftOutdated unless they still give the draft's lines.

    Other months may have changed: they are not part of this document."""
    drafted = set(invoice.lines.values())
    agreements = await agreements_paid_by(store, account, {line.agreement_id for line in drafted})
    prepared = await prepare(store, call, agreements, Month.parse(invoice.month))
    periods = [one for one in prepared.periods if drafted.intersection(one.lines)]
    lines = {line for one in periods for line in one.lines}
    its_month = {line for one in prepared.periods if one.period.month == invoice.month for line in one.lines}
    if lines != drafted or not its_month <= drafted or any(one.period.pending_events for one in periods):
        raise DraftOutdated
    return periods
