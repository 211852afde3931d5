"""A credit note: a proposal after a late correction, approved by a person, then a numbered document."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from billing.money import Money
from billing.periods.charges import Item
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed

Refusal = Literal["settled_otherwise", "disputed", "entered_by_mistake", "superseded"]


class ProposalDecided(Refused):
    """This proposal was rejected, or the credit note is issued."""


class NotApproved(Refused):
    """A person has to approve the proposal first."""


class CreditNote(Aggregate):
    TOPIC = "billing.credit_note"

    class Created(Aggregate.Created):
        TOPIC = "billing.credit_note_created"

    class Proposed(Created):
        TOPIC = "billing.credit_note_proposed"
        PUBLIC = True
        invoice_id: UUID
        account_id: UUID
        period_id: UUID
        agreement_id: UUID
        student_id: UUID
        month: str
        key: str
        source_event_id: UUID
        amount: Money
        items: tuple[Item, ...]

    class Approved(Aggregate.Event):
        TOPIC = "billing.credit_note_approved"

    class Issued(Aggregate.Event):
        """`person_id` is the account as well: its key seals the payer's details."""

        TOPIC = "billing.credit_note_issued"
        PUBLIC = True
        number: str
        issued_on: date
        issuer_id: UUID
        issuer_name: str
        account_id: UUID
        invoice_id: UUID
        invoice_number: str
        person_id: UUID
        payer_name: Sealed[str]
        payer_address: Sealed[str] | None
        total: Money
        hash: str

    class ProposalRejected(Aggregate.Event):
        TOPIC = "billing.proposal_rejected"
        reason: Refusal

    @event(Proposed)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        invoice_id: UUID,
        account_id: UUID,
        period_id: UUID,
        agreement_id: UUID,
        student_id: UUID,
        month: str,
        key: str,
        source_event_id: UUID,
        amount: Money,
        items: tuple[Item, ...],
        timestamp: datetime,
    ) -> None:
        self.invoice_id = invoice_id
        self.account_id = account_id
        self.period_id = period_id
        self.key = key
        self.source_event_id = source_event_id
        self.amount = amount
        self.items = items
        self.state: Literal["proposed", "approved", "issued", "rejected"] = "proposed"
        self.number: str | None = None

    def approve(self, now: datetime) -> None:
        if self.state == "approved":
            return
        if self.state != "proposed":
            raise ProposalDecided
        self._approved(timestamp=now)

    @event(Approved)
    def _approved(self, timestamp: datetime) -> None:
        self.state = "approved"

    def guard_issue(self) -> None:
        if self.state == "proposed":
            raise NotApproved
        if self.state != "approved":
            raise ProposalDecided

    def issue(
        self,
        number: str,
        issued_on: date,
        issuer_id: UUID,
        issuer_name: str,
        invoice_number: str,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        hash: str,
        now: datetime,
    ) -> None:
        self.guard_issue()
        self._issued(
            number=number,
            issued_on=issued_on,
            issuer_id=issuer_id,
            issuer_name=issuer_name,
            account_id=self.account_id,
            invoice_id=self.invoice_id,
            invoice_number=invoice_number,
            person_id=self.account_id,
            payer_name=payer_name,
            payer_address=payer_address,
            total=self.amount,
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
        invoice_id: UUID,
        invoice_number: str,
        person_id: UUID,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        total: Money,
        hash: str,
        timestamp: datetime,
    ) -> None:
        self.state = "issued"
        self.number = number

    def reject(self, reason: Refusal, now: datetime) -> None:
        if self.state == "rejected":
            return
        if self.state == "issued":
            raise ProposalDecided
        self._proposal_rejected(reason=reason, timestamp=now)

    @event(ProposalRejected)
    def _proposal_rejected(self, reason: Refusal, timestamp: datetime) -> None:
        self.state = "rejected"
