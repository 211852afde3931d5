"""The school's money in one look: open charges, invoiced, credited, and what waits for a person."""

from dataclasses import dataclass
from uuid import UUID

from billing.credit_notes.credit_note import CreditNote
from billing.invoices.invoice import Invoice
from billing.money import Money
from billing.periods.charge_period import ChargePeriod
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

TOTALS = Table(
    "money_total",
    key=("tenant_id", "currency"),
    columns={"tenant_id": "uuid", "currency": "text", "open": "int8", "invoiced": "int8", "credited": "int8"},
)
WAITING = Table(
    "waiting",
    key=("tenant_id", "kind", "thing_id", "key"),
    columns={"tenant_id": "uuid", "kind": "text", "thing_id": "uuid", "key": "text"},
)


@dataclass(frozen=True)
class Total:
    currency: str
    open: int
    invoiced: int
    credited: int


@dataclass(frozen=True)
class Totals:
    """In one currency: charges not yet invoiced, invoices, credit notes."""

    open: Money
    invoiced: Money
    credited: Money


@dataclass(frozen=True)
class Waits:
    unpriced_marks: int
    proposals: int
    drafts: int


class Summary(View):
    """One row a currency, and one for each thing that waits."""

    NAME = "summary"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (TOTALS, WAITING)

    @on(ChargePeriod.BillableItemRecorded)
    async def recorded(self, fact: Fact[ChargePeriod.BillableItemRecorded], rows: Rows) -> None:
        await add(rows, fact.tenant_id, "open", fact.data.charge.amount)
        unwait(rows, fact.tenant_id, "mark", fact.aggregate_id, fact.data.charge.key)

    @on(ChargePeriod.BillableItemReversed)
    async def reversed(self, fact: Fact[ChargePeriod.BillableItemReversed], rows: Rows) -> None:
        await add(rows, fact.tenant_id, "open", -fact.data.amount)

    @on(ChargePeriod.Closed)
    async def closed(self, fact: Fact[ChargePeriod.Closed], rows: Rows) -> None:
        for amount in fact.data.totals:
            await add(rows, fact.tenant_id, "open", -amount)

    @on(ChargePeriod.MarkLeftUnpriced)
    def left_unpriced(self, fact: Fact[ChargePeriod.MarkLeftUnpriced], rows: Rows) -> None:
        change = unwait if fact.data.reason == "included" else wait
        change(rows, fact.tenant_id, "mark", fact.aggregate_id, fact.data.mark.key)

    @on(ChargePeriod.UnpricedMarkDropped, ChargePeriod.LateChargeCarried)
    def dropped(self, fact: Fact[ChargePeriod.UnpricedMarkDropped], rows: Rows) -> None:
        unwait(rows, fact.tenant_id, "mark", fact.aggregate_id, fact.data.key)

    @on(Invoice.Drafted)
    def drafted(self, fact: Fact[Invoice.Drafted], rows: Rows) -> None:
        wait(rows, fact.tenant_id, "draft", fact.aggregate_id)

    @on(Invoice.Issued)
    async def invoiced(self, fact: Fact[Invoice.Issued], rows: Rows) -> None:
        await add(rows, fact.tenant_id, "invoiced", fact.data.total)
        unwait(rows, fact.tenant_id, "draft", fact.aggregate_id)

    @on(CreditNote.Proposed)
    def proposed(self, fact: Fact[CreditNote.Proposed], rows: Rows) -> None:
        wait(rows, fact.tenant_id, "proposal", fact.aggregate_id)

    @on(CreditNote.Issued)
    async def credited(self, fact: Fact[CreditNote.Issued], rows: Rows) -> None:
        await add(rows, fact.tenant_id, "credited", fact.data.total)
        unwait(rows, fact.tenant_id, "proposal", fact.aggregate_id)

    @on(CreditNote.ProposalRejected)
    def rejected(self, fact: Fact[CreditNote.ProposalRejected], rows: Rows) -> None:
        unwait(rows, fact.tenant_id, "proposal", fact.aggregate_id)


async def add(rows: Rows, tenant_id: UUID, column: str, amount: Money) -> None:
    row = await rows.get(TOTALS, (tenant_id, amount.currency))
    row = row or {
        "tenant_id": tenant_id,
        "currency": amount.currency,
        "open": 0,
        "invoiced": 0,
        "credited": 0,
    }
    rows.put(TOTALS, {**row, column: row[column] + amount.amount})


def wait(rows: Rows, tenant_id: UUID, kind: str, thing_id: UUID, key: str = "") -> None:
    rows.put(WAITING, {"tenant_id": tenant_id, "kind": kind, "thing_id": thing_id, "key": key})


def unwait(rows: Rows, tenant_id: UUID, kind: str, thing_id: UUID, key: str = "") -> None:
    rows.remove(WAITING, (tenant_id, kind, thing_id, key))


async def totals_of(read: Reading) -> list[Totals]:
    rows = await read.all(
        Total,
        "SELECT currency, open, invoiced, credited FROM money_total WHERE tenant_id = %(tenant)s ORDER BY currency",
    )
    return [
        Totals(
            Money(row.open, row.currency),
            Money(row.invoiced, row.currency),
            Money(row.credited, row.currency),
        )
        for row in rows
    ]


async def waits_of(read: Reading) -> Waits:
    row = await read.one(
        Waits,
        "SELECT count(*) FILTER (WHERE kind = 'mark') AS unpriced_marks,"
        " count(*) FILTER (WHERE kind = 'proposal') AS proposals,"
        " count(*) FILTER (WHERE kind = 'draft') AS drafts"
        " FROM waiting WHERE tenant_id = %(tenant)s",
    )
    return row or Waits(0, 0, 0)
