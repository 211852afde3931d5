"""A charge period: what one agreement owes for one month. Its id is derived from both.

While it is open, items come and go. Once invoiced it never changes: what is found out later becomes a
correction, which leads to a credit note or to an item of a later, open period."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from billing.money import Money, total, totals_by_currency
from billing.periods.charges import Attended, Charge, FlatSpan, Item, Line, UnpricedReason
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived


class PeriodIsClosed(Refused):
    """This month of the agreement is invoiced."""


def period_id(agreement_id: UUID, month: str) -> UUID:
    return derived(agreement_id, "period", month)


class ChargePeriod(Aggregate):
    """Charges are kept by key: a meeting, or a month's flat price. Of a closed period, `billed` is what its
    invoice asks for after credit notes, `pending` the proposals not decided, `moved` where a key goes on."""

    TOPIC = "billing.charge_period"

    class Created(Aggregate.Created):
        TOPIC = "billing.charge_period_created"

    class Opened(Created):
        TOPIC = "billing.period_opened"
        agreement_id: UUID
        enrolment_id: UUID
        student_id: UUID
        class_id: UUID
        month: str

    class MarkLeftUnpriced(Aggregate.Event):
        TOPIC = "billing.mark_left_unpriced"
        enrolment_id: UUID
        student_id: UUID
        mark: Attended
        reason: UnpricedReason

    class UnpricedMarkDropped(Aggregate.Event):
        TOPIC = "billing.unpriced_mark_dropped"
        key: str
        source_event_id: UUID

    class BillableItemRecorded(Aggregate.Event):
        TOPIC = "billing.billable_item_recorded"
        item_id: UUID
        enrolment_id: UUID
        student_id: UUID
        charge: Charge

    class BillableItemReversed(Aggregate.Event):
        TOPIC = "billing.billable_item_reversed"
        item_id: UUID
        key: str
        amount: Money
        source_event_id: UUID

    class Rated(Aggregate.Event):
        TOPIC = "billing.period_rated"
        lines: tuple[Line, ...]
        tariff: tuple[FlatSpan, ...]

    class Closed(Aggregate.Event):
        TOPIC = "billing.period_closed"
        invoice_id: UUID
        account_id: UUID
        totals: tuple[Money, ...]

    class CorrectionFound(Aggregate.Event):
        TOPIC = "billing.correction_found"
        key: str
        source_event_id: UUID
        billed: Money
        difference: Money
        proposal_id: UUID | None
        superseded_id: UUID | None

    class LateChargeCarried(Aggregate.Event):
        TOPIC = "billing.late_charge_carried"
        key: str
        source_event_id: UUID
        to_month: str

    class CorrectionSettled(Aggregate.Event):
        TOPIC = "billing.correction_settled"
        key: str
        proposal_id: UUID
        credited: Money

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        agreement_id: UUID,
        enrolment_id: UUID,
        student_id: UUID,
        class_id: UUID,
        month: str,
        timestamp: datetime,
    ) -> None:
        self.agreement_id = agreement_id
        self.enrolment_id = enrolment_id
        self.student_id = student_id
        self.class_id = class_id
        self.month = month
        self.items: dict[str, tuple[Item, ...]] = {}
        self.waiting: dict[str, tuple[Attended, UnpricedReason]] = {}
        self.recorded = 0
        self.invoice_id: UUID | None = None
        self.account_id: UUID | None = None
        self.tariff: tuple[FlatSpan, ...] = ()
        self.billed: dict[str, Money] = {}
        self.pending: dict[str, tuple[UUID, Money]] = {}
        self.moved: dict[str, str] = {}
        self.corrections = 0

    @property
    def closed(self) -> bool:
        return self.invoice_id is not None

    def standing(self) -> list[Item]:
        return [item for items in self.items.values() for item in items]

    def replace(self, key: str, charges: Sequence[Charge], source_event_id: UUID, now: datetime) -> None:
        """These charges instead of what stands for the key. What stays the same is not touched."""
        self._guard_open()
        standing = self.items.get(key, ())
        for item in standing:
            if item.charge not in charges:
                self._billable_item_reversed(
                    item_id=item.item_id,
                    key=key,
                    amount=item.charge.amount,
                    source_event_id=source_event_id,
                    timestamp=now,
                )
        kept = [item.charge for item in standing]
        for charge in charges:
            if charge not in kept:
                self._billable_item_recorded(
                    item_id=derived(self.id, "item", self.recorded + 1),
                    enrolment_id=self.enrolment_id,
                    student_id=self.student_id,
                    charge=charge,
                    timestamp=now,
                )
        self.drop(key, source_event_id, now)

    def drop(self, key: str, source_event_id: UUID, now: datetime) -> None:
        """The mark waits for a price no longer: it costs nothing."""
        if key in self.waiting:
            self._unpriced_mark_dropped(key=key, source_event_id=source_event_id, timestamp=now)

    def leave_unpriced(self, mark: Attended, reason: UnpricedReason, now: datetime) -> None:
        self._guard_open()
        if self.waiting.get(mark.key) == (mark, reason):
            return
        if mark.key in self.items:
            self.replace(mark.key, (), mark.source_event_id, now)
        self._mark_left_unpriced(
            enrolment_id=self.enrolment_id,
            student_id=self.student_id,
            mark=mark,
            reason=reason,
            timestamp=now,
        )

    @event(MarkLeftUnpriced)
    def _mark_left_unpriced(
        self,
        enrolment_id: UUID,
        student_id: UUID,
        mark: Attended,
        reason: UnpricedReason,
        timestamp: datetime,
    ) -> None:
        self.waiting[mark.key] = (mark, reason)

    @event(UnpricedMarkDropped)
    def _unpriced_mark_dropped(self, key: str, source_event_id: UUID, timestamp: datetime) -> None:
        self.waiting.pop(key, None)

    @event(BillableItemRecorded)
    def _billable_item_recorded(
        self, item_id: UUID, enrolment_id: UUID, student_id: UUID, charge: Charge, timestamp: datetime
    ) -> None:
        self.recorded += 1
        self.items[charge.key] = (*self.items.get(charge.key, ()), Item(item_id, charge))
        self.waiting.pop(charge.key, None)

    @event(BillableItemReversed)
    def _billable_item_reversed(
        self, item_id: UUID, key: str, amount: Money, source_event_id: UUID, timestamp: datetime
    ) -> None:
        left = tuple(item for item in self.items.pop(key, ()) if item.item_id != item_id)
        if left:
            self.items[key] = left

    def close(
        self,
        invoice_id: UUID,
        account_id: UUID,
        lines: tuple[Line, ...],
        tariff: tuple[FlatSpan, ...],
        now: datetime,
    ) -> None:
        """Invoiced. The monthly prices stay: a later change of dates is held against them."""
        self._guard_open()
        totals = totals_by_currency(item.charge.amount for item in self.standing())
        self._rated(lines=lines, tariff=tariff, timestamp=now)
        self._closed(invoice_id=invoice_id, account_id=account_id, totals=totals, timestamp=now)

    @event(Rated)
    def _rated(self, lines: tuple[Line, ...], tariff: tuple[FlatSpan, ...], timestamp: datetime) -> None:
        self.tariff = tariff

    @event(Closed)
    def _closed(self, invoice_id: UUID, account_id: UUID, totals: tuple[Money, ...], timestamp: datetime) -> None:
        self.invoice_id = invoice_id
        self.account_id = account_id
        for key, standing in self.items.items():
            amounts = [item.charge.amount for item in standing]
            self.billed[key] = total(amounts, amounts[0].currency)

    def correct(self, key: str, credit: Money, source_event_id: UUID, now: datetime) -> tuple[UUID | None, UUID | None]:
        """This much of what is billed should be credited. The new proposal, and the one it supersedes."""
        old_id, proposed = self.pending.get(key, (None, Money(0, credit.currency)))
        if credit == proposed:
            return None, None
        proposal_id = derived(self.id, "proposal", self.corrections + 1) if credit.amount else None
        self._correction_found(
            key=key,
            source_event_id=source_event_id,
            billed=self.billed[key],
            difference=-credit,
            proposal_id=proposal_id,
            superseded_id=old_id,
            timestamp=now,
        )
        return proposal_id, old_id

    @event(CorrectionFound)
    def _correction_found(
        self,
        key: str,
        source_event_id: UUID,
        billed: Money,
        difference: Money,
        proposal_id: UUID | None,
        superseded_id: UUID | None,
        timestamp: datetime,
    ) -> None:
        self.corrections += 1
        self.pending.pop(key, None)
        if proposal_id is not None:
            self.pending[key] = (proposal_id, -difference)

    def carry(self, key: str, to_month: str, source_event_id: UUID, now: datetime) -> None:
        """A late charge of this invoiced month stands in a later one."""
        if self.moved.get(key) != to_month:
            self._late_charge_carried(key=key, source_event_id=source_event_id, to_month=to_month, timestamp=now)

    @event(LateChargeCarried)
    def _late_charge_carried(self, key: str, source_event_id: UUID, to_month: str, timestamp: datetime) -> None:
        self.moved[key] = to_month
        self.waiting.pop(key, None)

    def settle(self, key: str, proposal_id: UUID, credited: Money, now: datetime) -> None:
        """A proposal was decided: this much was credited, or nothing."""
        if self.pending.get(key, (None,))[0] == proposal_id:
            self._correction_settled(key=key, proposal_id=proposal_id, credited=credited, timestamp=now)

    @event(CorrectionSettled)
    def _correction_settled(self, key: str, proposal_id: UUID, credited: Money, timestamp: datetime) -> None:
        self.pending.pop(key, None)
        self.billed[key] -= credited
        if self.billed[key].amount == 0:
            del self.billed[key]

    def _guard_open(self) -> None:
        if self.closed:
            raise PeriodIsClosed
