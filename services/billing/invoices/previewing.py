"""The next invoice as it would be now. Nothing is stored."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from billing.accounts.account import BillingAccount
from billing.agreements.agreement import Agreement
from billing.invoices.commands import agreements_paid_by
from billing.invoices.explaining import ExplainedLine, explained, students_and_classes
from billing.invoices.preparing import prepare
from billing.money import Money, totals_by_currency
from billing.months import Month
from billing.students.names import names_for
from shared.caller import Caller


class Preview(BaseModel):
    """`unpriced_marks` wait for a plan and are not part of the totals."""

    month: str
    lines: list[ExplainedLine]
    totals: list[Money]
    unpriced_marks: int


async def preview_account(caller: Caller, account_id: UUID, month: Month, agreement_ids: Iterable[UUID]) -> Preview:
    account = await caller.store.get(BillingAccount, account_id, caller.tenant_id)
    agreements = await agreements_paid_by(caller.store, account, agreement_ids)
    return await _preview(caller, agreements, month, account_id)


async def preview_agreement(caller: Caller, agreement_id: UUID, month: Month) -> Preview:
    agreement = await caller.store.get(Agreement, agreement_id, caller.tenant_id)
    return await _preview(caller, [agreement], month, None)


async def _preview(caller: Caller, agreements: list[Agreement], month: Month, account_id: UUID | None) -> Preview:
    prepared = await prepare(caller.store, caller.call, agreements, month, account_id)
    names = await names_for(caller, *students_and_classes(prepared.lines))
    return Preview(
        month=str(month),
        lines=[explained(line, names) for line in prepared.lines],
        totals=list(totals_by_currency(line.amount for line in prepared.lines)),
        unpriced_marks=prepared.unpriced,
    )
