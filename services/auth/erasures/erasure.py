"""An erasure: somebody's personal data is to be destroyed in all services. Asked for by one, approved by another."""

from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from shared.errors import Forbidden, Refused
from shared.events import Aggregate, event

SERVICES = ("auth", "academic", "billing", "exports")
Outcome = Literal["done", "held"]


class SecondPersonNeeded(Forbidden):
    """Another person than the one who asked, and than the one concerned, approves an erasure."""


class ErasureIsDecided(Refused):
    """This erasure was approved or rejected."""


class NobodyToErase(Refused):
    """Name a user, or people of the school's records."""


class Reply(NamedTuple):
    """What a service said, and the position of its event. `until`: a legal hold ends on that day."""

    service: str
    outcome: Outcome
    position: int
    until: date | None = None
    reason: str | None = None


class Erasure(Aggregate):
    """Holds ids only: whom they named is forgotten with the keys. When every service has answered, it is the
    certificate."""

    TOPIC = "auth.erasure"

    class Created(Aggregate.Created):
        TOPIC = "auth.erasure_created"

    class Requested(Created):
        TOPIC = "auth.erasure_requested"
        user_id: UUID | None
        person_ids: tuple[UUID, ...]
        requested_by: UUID

    class Rejected(Aggregate.Event):
        TOPIC = "auth.erasure_rejected"
        rejected_by: UUID

    class Approved(Aggregate.Event):
        TOPIC = "auth.erasure_approved"
        PUBLIC = True
        user_id: UUID | None
        person_ids: tuple[UUID, ...]
        approved_by: UUID

    class Answered(Aggregate.Event):
        TOPIC = "auth.erasure_answered"
        service: str
        outcome: Outcome
        position: int
        until: date | None
        reason: str | None

    class Completed(Aggregate.Event):
        """`held`: services that keep something until a day."""

        TOPIC = "auth.erasure_completed"
        PUBLIC = True
        held: tuple[str, ...]

    @event(Requested)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        user_id: UUID | None,
        person_ids: tuple[UUID, ...],
        requested_by: UUID,
        timestamp: datetime,
    ) -> None:
        self.user_id = user_id
        self.person_ids = person_ids
        self.requested_by = requested_by
        self.approved = False
        self.rejected = False
        self.replies: dict[str, Reply] = {}

    def approve(self, by: UUID, now: datetime) -> None:
        self._undecided()
        if by in (self.requested_by, self.user_id):
            raise SecondPersonNeeded
        self._approved(user_id=self.user_id, person_ids=self.person_ids, approved_by=by, timestamp=now)

    @event(Approved)
    def _approved(
        self, user_id: UUID | None, person_ids: tuple[UUID, ...], approved_by: UUID, timestamp: datetime
    ) -> None:
        self.approved = True

    def reject(self, by: UUID, now: datetime) -> None:
        self._undecided()
        self._rejected(rejected_by=by, timestamp=now)

    @event(Rejected)
    def _rejected(self, rejected_by: UUID, timestamp: datetime) -> None:
        self.rejected = True

    def note(self, reply: Reply, now: datetime) -> None:
        """The last answer of all completes it."""
        if not self.approved or reply.service in self.replies:
            return
        self._answered(timestamp=now, **reply._asdict())
        if self.replies.keys() == set(SERVICES):
            held = tuple(sorted(name for name, each in self.replies.items() if each.outcome == "held"))
            self._completed(held=held, timestamp=now)

    @event(Answered)
    def _answered(
        self,
        service: str,
        outcome: Outcome,
        position: int,
        until: date | None,
        reason: str | None,
        timestamp: datetime,
    ) -> None:
        self.replies = {**self.replies, service: Reply(service, outcome, position, until, reason)}

    @event(Completed)
    def _completed(self, held: tuple[str, ...], timestamp: datetime) -> None:
        pass

    def _undecided(self) -> None:
        if self.approved or self.rejected:
            raise ErasureIsDecided
