"""An invoice: a draft that can be prepared again, then a numbered document that never changes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from billing.money import Money, total
from billing.periods.charges import Line
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived
from shared.sealed import Sealed


class InvoiceIssued(Refused):
    """An issued invoice never changes: correct it by a credit note."""


class NothingToInvoice(Refused):
    """There is no open charge in this month."""


class CurrenciesMixed(Refused):
    """An invoice has one currency, and these charges have several."""


class CreditExceedsInvoice(Refused):
    """The credit notes of an invoice would be more than the invoice."""


@dataclass(frozen=True)
class TaxTotal:
    """Computed on the sum of the net lines of its category (EN 16931). Exempt: the tax is zero."""

    category: str
    rate: str
    reason_code: str
    net: Money
    tax: Money


def invoice_id(account_id: UUID, month: str, ordinal: int) -> UUID:
    """An account has one draft per month; when it is issued, the next one of that month follows."""
    return derived(account_id, "invoice", month, ordinal)


class Invoice(Aggregate):
    TOPIC = "billing.invoice"

    class Created(Aggregate.Created):
        TOPIC = "billing.invoice_created"

    class Drafted(Created):
        TOPIC = "billing.invoice_drafted"
        account_id: UUID
        month: str
        currency: str

    class LineAdded(Aggregate.Event):
        TOPIC = "billing.invoice_line_added"
        line_id: UUID
        line: Line

    class LineRemoved(Aggregate.Event):
        TOPIC = "billing.invoice_line_removed"
        line_id: UUID

    class Issued(Aggregate.Event):
        """`person_id` is the account as well: its key seals the payer's details."""

        TOPIC = "billing.invoice_issued"
        PUBLIC = True
        number: str
        issued_on: date
        issuer_id: UUID
        issuer_name: str
        account_id: UUID
        month: str
        person_id: UUID
        payer_name: Sealed[str]
        payer_address: Sealed[str] | None
        net: Money
        taxes: tuple[TaxTotal, ...]
        total: Money
        hash: str

    class Credited(Aggregate.Event):
        TOPIC = "billing.invoice_credited"
        credit_note_id: UUID
        amount: Money

    @event(Drafted)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, account_id: UUID, month: str, currency: str, timestamp: datetime
    ) -> None:
        self.account_id = account_id
        self.month = month
        self.currency = currency
        self.lines: dict[UUID, Line] = {}
        self.added = 0
        self.number: str | None = None
        self.issuer_id: UUID | None = None
        self.credited = Money(0, currency)

    @property
    def issued(self) -> bool:
        return self.number is not None

    @property
    def total(self) -> Money:
        return total((line.amount for line in self.lines.values()), self.currency)

    def prepare(self, lines: Sequence[Line], now: datetime) -> None:
        """These lines instead of the ones that stand. What stays the same is not touched."""
        if self.issued:
            raise InvoiceIssued
        if not lines:
            raise NothingToInvoice
        if {line.amount.currency for line in lines} != {self.currency}:
            raise CurrenciesMixed
        standing = list(self.lines.items())
        for line_id, line in standing:
            if line not in lines:
                self._line_removed(line_id=line_id, timestamp=now)
        for line in lines:
            if all(line != other for _, other in standing):
                self._line_added(line_id=derived(self.id, "line", self.added + 1), line=line, timestamp=now)

    @event(LineAdded)
    def _line_added(self, line_id: UUID, line: Line, timestamp: datetime) -> None:
        self.added += 1
        self.lines[line_id] = line

    @event(LineRemoved)
    def _line_removed(self, line_id: UUID, timestamp: datetime) -> None:
        del self.lines[line_id]

    def taxes(self) -> tuple[TaxTotal, ...]:
        kinds = sorted({line.tax for line in self.lines.values()}, key=str)
        nothing = Money(0, self.currency)
        return tuple(
            TaxTotal(
                tax.category,
                tax.rate,
                tax.reason_code,
                total((line.amount for line in self.lines.values() if line.tax == tax), self.currency),
                nothing,
            )
            for tax in kinds
        )

    def issue(
        self,
        number: str,
        issued_on: date,
        issuer_id: UUID,
        issuer_name: str,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        hash: str,
        now: datetime,
    ) -> None:
        if self.issued:
            raise InvoiceIssued
        if not self.lines:
            raise NothingToInvoice
        self._issued(
            number=number,
            issued_on=issued_on,
            issuer_id=issuer_id,
            issuer_name=issuer_name,
            account_id=self.account_id,
            month=self.month,
            person_id=self.account_id,
            payer_name=payer_name,
            payer_address=payer_address,
            net=self.total,
            taxes=self.taxes(),
            total=self.total,
            hash=hash,
            timestamp=now,
        )

    @event(Issued)
    def _issued(
        self,
        number: str,
        issued_on: date,
        issuer_id: UUID,
        issuer_name: str,
        account_id: UUID,
        month: str,
        person_id: UUID,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        net: Money,
        taxes: tuple[TaxTotal, ...],
        total: Money,
        hash: str,
        timestamp: datetime,
    ) -> None:
        self.number = number
        self.issuer_id = issuer_id

    def credit(self, credit_note_id: UUID, amount: Money, now: datetime) -> None:
        """A credit note of this invoice is issued. The document stays as it is."""
        if (self.credited + amount).amount > self.total.amount:
            raise CreditExceedsInvoice
        self._credited(credit_note_id=credit_note_id, amount=amount, timestamp=now)

    @event(Credited)
    def _credited(self, credit_note_id: UUID, amount: Money, timestamp: datetime) -> None:
        self.credited += amount
