"""What can be done with a proposed credit note: approve it, issue it with its number, reject it."""

from typing import Any
from uuid import UUID

from billing.accounts.account import BillingAccount
from billing.credit_notes.credit_note import CreditNote, Refusal
from billing.document_hash import document_hash
from billing.invoices.commands import local_day
from billing.invoices.invoice import Invoice
from billing.issuers.commands import issuer_of
from billing.issuers.issuer import default_issuer_id
from billing.money import Money
from billing.periods.charge_period import ChargePeriod
from billing.series.numbering import number_claim, number_source
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore, Stale


@command
async def approve_credit_note(store: EventStore, call: Call, credit_note_id: UUID) -> Saved:
    return await store.change(CreditNote, credit_note_id, lambda note: note.approve(call.now), call=call)


@command
async def issue_credit_note(store: EventStore, call: Call, credit_note_id: UUID) -> Saved:
    """Number, document, the invoice's credit and the settled correction in one append."""
    async with store.turn(call, default_issuer_id(call.tenant_id)):
        note = await _get(store, call, credit_note_id)
        if note.state == "issued":
            return await store.save(note, call=call)
        note.guard_issue()
        issuer = await issuer_of(store, call.tenant_id)
        invoice = await store.get(Invoice, note.invoice_id, call.tenant_id)
        account = await store.get(BillingAccount, note.account_id, call.tenant_id)
        period = await store.get(ChargePeriod, note.period_id, call.tenant_id)
        today = local_day(issuer, call.now)
        numbers = await number_source(store, issuer, "credit_note", today, call.now)
        number = numbers.series.take(note.id, call.now)
        content: dict[str, Any] = {
            "number": number,
            "day": today,
            "issuer": [issuer.id, issuer.name],
            "account": account.id,
        }
        content |= {"invoice": invoice.number, "items": note.items, "total": note.amount}
        note.issue(
            number,
            today,
            issuer.id,
            issuer.name,
            invoice.number or "",
            account.payer_name,
            account.payer_address,
            document_hash(content),
            call.now,
        )
        invoice.credit(note.id, note.amount, call.now)
        period.settle(note.key, note.id, note.amount, call.now)
        claim = number_claim(numbers.series, number, note.id)
        return await store.save(note, invoice, period, *numbers.changed(), call=call, claims=[claim])


@command
async def reject_proposal(store: EventStore, call: Call, credit_note_id: UUID, reason: Refusal) -> Saved:
    """The invoice stays as it is; the correction counts as settled."""
    note = await _get(store, call, credit_note_id)
    note.reject(reason, call.now)
    period = await store.get(ChargePeriod, note.period_id, call.tenant_id)
    period.settle(note.key, note.id, Money(0, note.amount.currency), call.now)
    return await store.save(note, period, call=call)


async def _get(store: EventStore, call: Call, credit_note_id: UUID) -> CreditNote:
    note = await store.get(CreditNote, credit_note_id, call.tenant_id)
    if call.expected_version not in (None, note.version):
        raise Stale(note.version)
    return note
