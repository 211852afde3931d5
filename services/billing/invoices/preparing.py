"""Preparing: an account's open months as invoice lines. Preview, draft and issue all ask here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.agreements.agreement import Agreement
from billing.invoices.drafts import draft_of
from billing.lines import lines_of
from billing.months import Month
from billing.periods.charge_period import ChargePeriod
from billing.periods.charges import FlatSpan, Line
from billing.periods.ledger import Ledger, Place
from billing.plans.price_book import PriceBook
from billing.plans.pricing import open_price_book
from billing.rating import flat_charges, flat_key, tariff_of
from shared.calls import Call
from shared.store import EventStore

EARLIER = 24
"""Months before the asked one that come along when they have charges and were not invoiced."""


@dataclass(frozen=True)
class PreparedPeriod:
    agreement: Agreement
    period: ChargePeriod
    tariff: tuple[FlatSpan, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Prepared:
    periods: tuple[PreparedPeriod, ...]
    ledger: Ledger

    @property
    def lines(self) -> tuple[Line, ...]:
        return tuple(line for one in self.periods for line in one.lines)

    @property
    def unpriced(self) -> int:
        """Marks of these months that wait for a price."""
        waiting = [reason for one in self.periods for _, reason in one.period.waiting.values()]
        return sum(reason != "included" for reason in waiting)


async def prepare(
    store: EventStore,
    call: Call,
    agreements: Iterable[Agreement],
    month: Month,
    account_id: UUID | None = None,
) -> Prepared:
    """Flat prices are recorded now, for the days of the agreement in each open month. Nothing is saved here.

    An earlier month that the account has a draft of stays there."""
    known = {agreement.id: agreement for agreement in sorted(agreements, key=lambda one: one.id)}
    ledger = Ledger(store, call.tenant_id, call.now)
    places = [Place.of(agreement, text) for agreement in known.values() for text in _months(month)]
    periods = [
        period
        for period in await ledger.periods(places)
        if not period.closed and (period.version > 1 or period.month == str(month))
    ]
    drafted = await _drafted(store, call.tenant_id, account_id, {one.month for one in periods} - {str(month)})
    targets = {(one.class_id, one.course_id) for one in known.values()}
    book = await open_price_book(store, call.tenant_id, targets)
    return Prepared(
        tuple(
            _prepared(known[period.agreement_id], period, book, call.now)
            for period in periods
            if period.month not in drafted
        ),
        ledger,
    )


async def _drafted(store: EventStore, tenant_id: UUID, account_id: UUID | None, months: Iterable[str]) -> set[str]:
    if account_id is None:
        return set()
    return {month for month in months if (await draft_of(store, tenant_id, account_id, month))[1] is not None}


def _months(last: Month) -> list[str]:
    months = [last]
    for _ in range(EARLIER):
        months.append(months[-1].previous)
    return [str(month) for month in reversed(months)]


def _prepared(agreement: Agreement, period: ChargePeriod, book: PriceBook, now: datetime) -> PreparedPeriod:
    month, source = Month.parse(period.month), agreement.source_event_id
    tariff = tariff_of(month, book, agreement.class_id, agreement.course_id)
    flat = flat_charges(month, tariff, agreement.begin_on, agreement.end_on, source)
    period.replace(flat_key(month), flat, source, now)
    lines = lines_of(agreement.id, agreement.student_id, agreement.class_id, period.standing())
    return PreparedPeriod(agreement, period, tariff, lines)
