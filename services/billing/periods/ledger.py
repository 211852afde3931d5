"""The charge periods that one command works on: each loaded once, all saved together."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from billing.agreements.agreement import Agreement
from billing.credit_notes.credit_note import CreditNote
from billing.months import Month
from billing.periods.charge_period import ChargePeriod, period_id
from billing.periods.settlement import Owed, Proposal, settle
from shared.calls import Call, Claim, Saved
from shared.events import Aggregate
from shared.store import EventStore


@dataclass(frozen=True)
class Place:
    """Where a charge belongs: an agreement's month."""

    agreement_id: UUID
    enrolment_id: UUID
    student_id: UUID
    class_id: UUID
    month: str

    @classmethod
    def of(cls, agreement: Agreement, month: str) -> "Place":
        return cls(agreement.id, agreement.enrolment_id, agreement.student_id, agreement.class_id, month)

    @property
    def id(self) -> UUID:
        return period_id(self.agreement_id, self.month)

    @property
    def following(self) -> "Place":
        return replace(self, month=str(Month.parse(self.month).next))


class Ledger:
    def __init__(self, store: EventStore, tenant_id: UUID, now: datetime) -> None:
        self._store = store
        self._tenant_id = tenant_id
        self._now = now
        self._periods: dict[UUID, ChargePeriod] = {}
        self._claimed: dict[UUID, set[str]] = {}
        self._notes: list[CreditNote] = []

    async def periods(self, places: Iterable[Place]) -> list[ChargePeriod]:
        """The periods of these places; new ones where there are none yet."""
        wanted = list(places)
        missing = {place.id: place for place in wanted if place.id not in self._periods}
        if missing:
            found = await self._store.get_many(ChargePeriod, missing, self._tenant_id)
            for period_id_, place in missing.items():
                period = found.get(period_id_) or self._new(place)
                self._periods[period_id_] = period
                self._claimed[period_id_] = claim_keys(period)
        return [self._periods[place.id] for place in wanted]

    async def settle(self, owed: Sequence[tuple[Place, Owed]]) -> None:
        """Each charge in its chain of periods; proposals and what they supersede with it."""
        chains = await self._chains({place for place, _ in owed})
        superseded: list[UUID] = []
        for place, one in owed:
            outcome = settle(chains[place], one, self._now)
            superseded.extend(outcome.superseded)
            self._notes.extend(self._propose(proposal) for proposal in outcome.proposals)
        if superseded:
            notes = await self._store.get_many(CreditNote, superseded, self._tenant_id)
            for note in [*notes.values(), *(note for note in self._notes if note.id in superseded)]:
                note.reject("superseded", self._now)
            self._notes.extend(notes.values())

    async def save(self, *first: Aggregate, call: Call) -> Saved:
        """What changed, in one append. A mark's item is claimed, so that it cannot stand in two periods."""
        changed = self.changed()
        taken: list[Claim] = []
        released: list[Claim] = []
        for period in changed:
            before, after = self._claimed[period.id], claim_keys(period)
            taken.extend(self._claim(period, key) for key in sorted(after - before))
            released.extend(self._claim(period, key) for key in sorted(before - after))
        return await self._store.save(*first, *changed, *self._notes, call=call, claims=taken, releases=released)

    def changed(self) -> list[ChargePeriod]:
        """A period that was only opened is not worth storing."""
        return [one for one in self._periods.values() if one.pending_events and one.version > 1]

    async def _chains(self, places: Iterable[Place]) -> dict[Place, list[ChargePeriod]]:
        """Per place its period and, while the last one is closed, the month after it."""
        chains: dict[Place, list[ChargePeriod]] = {}
        growing = {place: place for place in places}
        while growing:
            periods = await self.periods(growing.values())
            longer: dict[Place, Place] = {}
            for (home, place), period in zip(growing.items(), periods, strict=True):
                chains.setdefault(home, []).append(period)
                if period.closed:
                    longer[home] = place.following
            growing = longer
        return chains

    def _new(self, place: Place) -> ChargePeriod:
        return ChargePeriod(
            id=place.id,
            tenant_id=self._tenant_id,
            agreement_id=place.agreement_id,
            enrolment_id=place.enrolment_id,
            student_id=place.student_id,
            class_id=place.class_id,
            month=place.month,
            timestamp=self._now,
        )

    def _propose(self, proposal: Proposal) -> CreditNote:
        period = proposal.period
        if period.invoice_id is None or period.account_id is None:
            raise ValueError("only an invoiced period is credited")
        return CreditNote(
            id=proposal.proposal_id,
            tenant_id=self._tenant_id,
            invoice_id=period.invoice_id,
            account_id=period.account_id,
            period_id=period.id,
            agreement_id=period.agreement_id,
            student_id=period.student_id,
            month=proposal.items[0].charge.month,
            key=proposal.key,
            source_event_id=proposal.source_event_id,
            amount=proposal.amount,
            items=proposal.items,
            timestamp=self._now,
        )

    @staticmethod
    def _claim(period: ChargePeriod, key: str) -> Claim:
        return Claim(period.tenant_id, "billable-item", key, period.id)


def claim_keys(period: ChargePeriod) -> set[str]:
    """Source event, enrolment and component of each item that came from a mark."""
    return {
        f"{item.charge.source_event_id}:{period.enrolment_id}:{item.charge.component}"
        for item in period.standing()
        if item.charge.mark is not None
    }
