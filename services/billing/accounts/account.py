"""A billing account: the person, family or company that pays for one student or several."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed

AccountKind = Literal["person", "family", "company"]


class StudentHasPayer(Refused):
    """Another account pays for this student."""


class PayerIsErased(Refused):
    """This payer's data was erased: nothing is invoiced to nobody."""


class BillingAccount(Aggregate):
    """The payer's details are sealed with the key of the account's own id."""

    TOPIC = "billing.billing_account"

    class Created(Aggregate.Created):
        TOPIC = "billing.billing_account_created"

    class Opened(Created):
        TOPIC = "billing.account_opened"
        kind: AccountKind
        payer_name: Sealed[str]
        payer_address: Sealed[str] | None
        payer_email: Sealed[str] | None

    class PayerDetailsChanged(Aggregate.Event):
        TOPIC = "billing.payer_details_changed"
        payer_name: Sealed[str]
        payer_address: Sealed[str] | None
        payer_email: Sealed[str] | None

    class StudentLinked(Aggregate.Event):
        TOPIC = "billing.student_linked"
        PUBLIC = True
        student_id: UUID

    class StudentUnlinked(Aggregate.Event):
        TOPIC = "billing.student_unlinked"
        PUBLIC = True
        student_id: UUID

    class PayerErased(Aggregate.Event):
        """The marker has taken the place of the account's key: name and addresses are gone."""

        TOPIC = "billing.payer_erased"

    @event(Opened)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        kind: AccountKind,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        payer_email: Sealed[str] | None,
        timestamp: datetime,
    ) -> None:
        self.payer_name = payer_name
        self.payer_address = payer_address
        self.payer_email = payer_email
        self.students: frozenset[UUID] = frozenset()
        self.erased = False

    def change_payer_details(
        self,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        payer_email: Sealed[str] | None,
        now: datetime,
    ) -> None:
        self._payer_details_changed(
            payer_name=payer_name, payer_address=payer_address, payer_email=payer_email, timestamp=now
        )

    @event(PayerDetailsChanged)
    def _payer_details_changed(
        self,
        payer_name: Sealed[str],
        payer_address: Sealed[str] | None,
        payer_email: Sealed[str] | None,
        timestamp: datetime,
    ) -> None:
        self.payer_name = payer_name
        self.payer_address = payer_address
        self.payer_email = payer_email

    def erase(self, now: datetime) -> None:
        if not self.erased:
            self._payer_erased(timestamp=now)

    @event(PayerErased)
    def _payer_erased(self, timestamp: datetime) -> None:
        self.erased = True

    def guard_payer(self) -> None:
        if self.erased:
            raise PayerIsErased

    def link(self, student_id: UUID, now: datetime) -> None:
        if student_id not in self.students:
            self._student_linked(student_id=student_id, timestamp=now)

    @event(StudentLinked)
    def _student_linked(self, student_id: UUID, timestamp: datetime) -> None:
        self.students = self.students | {student_id}

    def unlink(self, student_id: UUID, now: datetime) -> None:
        if student_id in self.students:
            self._student_unlinked(student_id=student_id, timestamp=now)

    @event(StudentUnlinked)
    def _student_unlinked(self, student_id: UUID, timestamp: datetime) -> None:
        self.students = self.students - {student_id}
