"""Settlement: what is owed for one meeting or month against what stands in its periods. Pure.

A key lives in a chain of periods: its own month, and once that is invoiced the open one it was carried to.
The last period of the chain is open. What is owed beyond the invoices stands there; what is billed too much
becomes a proposal to credit, the youngest invoice first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from billing.money import Money, total
from billing.periods.charge_period import ChargePeriod
from billing.periods.charges import Attended, Charge, Item, UnpricedReason
from billing.rating import difference_charge


@dataclass(frozen=True)
class Owed:
    """What is owed for a key as far as is known now, and the event that told it. `mark` waits for a price."""

    key: str
    source_event_id: UUID
    charges: tuple[Charge, ...] = ()
    mark: Attended | None = None
    reason: UnpricedReason = "no_plan"

    @property
    def nothing(self) -> bool:
        return not self.charges and self.mark is None

    def waits_in(self, period: ChargePeriod) -> bool:
        return period.waiting.get(self.key) == (self.mark, self.reason)


@dataclass(frozen=True)
class Proposal:
    """Credit this much of these items of an invoiced period."""

    proposal_id: UUID
    period: ChargePeriod
    key: str
    amount: Money
    items: tuple[Item, ...]
    source_event_id: UUID


@dataclass(frozen=True)
class Outcome:
    proposals: tuple[Proposal, ...] = ()
    superseded: tuple[UUID, ...] = ()


def settle(chain: Sequence[ChargePeriod], owed: Owed, now: datetime) -> Outcome:
    *closed, open_period = chain
    billed = [period for period in closed if owed.key in period.billed]
    if owed.mark is not None and any(owed.waits_in(period) for period in closed):
        return Outcome()
    rest = 0
    if not billed:
        _stand(open_period, owed, now)
    else:
        standing = total((period.billed[owed.key] for period in billed), billed[0].billed[owed.key].currency)
        # An invoiced mark keeps the price it was invoiced at, so only its presence counts.
        if owed.nothing or not owed.key.startswith("meeting:"):
            rest = sum(charge.amount.amount for charge in owed.charges) - standing.amount
        late = (difference_charge(owed.charges, standing, rest),) if rest > 0 else ()
        open_period.replace(owed.key, late, owed.source_event_id, now)
    for period in closed:
        if owed.key in open_period.items or owed.key in open_period.waiting:
            if period is closed[0] or owed.key in period.waiting:
                period.carry(owed.key, open_period.month, owed.source_event_id, now)
        elif owed.nothing:
            period.drop(owed.key, owed.source_event_id, now)
    return _credit(billed, max(-rest, 0), owed, now)


def _stand(period: ChargePeriod, owed: Owed, now: datetime) -> None:
    if owed.mark is not None:
        period.leave_unpriced(owed.mark, owed.reason, now)
    else:
        period.replace(owed.key, owed.charges, owed.source_event_id, now)


def _credit(billed: Sequence[ChargePeriod], excess: int, owed: Owed, now: datetime) -> Outcome:
    proposals: list[Proposal] = []
    superseded: list[UUID] = []
    for period in reversed(billed):
        standing = period.billed[owed.key]
        credit = Money(min(standing.amount, excess), standing.currency)
        excess -= credit.amount
        new, old = period.correct(owed.key, credit, owed.source_event_id, now)
        if old is not None:
            superseded.append(old)
        if new is not None:
            items = period.items[owed.key]
            proposals.append(Proposal(new, period, owed.key, credit, items, owed.source_event_id))
    return Outcome(tuple(proposals), tuple(superseded))
