"""The one draft that an account can have of a month: found by its id, never by a view."""

from uuid import UUID

from billing.invoices.invoice import Invoice, invoice_id
from shared.store import EventStore


async def draft_of(store: EventStore, tenant_id: UUID, account_id: UUID, month: str) -> tuple[UUID, Invoice | None]:
    """Its id, and the draft if there is one: the first of the month's invoices that is not issued."""
    ordinal = 0
    while True:
        id = invoice_id(account_id, month, ordinal)
        invoice = await store.find(Invoice, id, tenant_id)
        if invoice is None or not invoice.issued:
            return id, invoice
        ordinal += 1
