"""What billing answers to an erasure that was approved."""

from datetime import date, datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


class ErasureAnswer(Aggregate):
    """Holds ids only."""

    TOPIC = "billing.erasure_answer"

    class Created(Aggregate.Created):
        TOPIC = "billing.erasure_answer_created"

    class ErasureNoted(Created):
        TOPIC = "billing.erasure_noted"
        erasure_id: UUID
        person_ids: tuple[UUID, ...]

    class ErasureDone(Aggregate.Event):
        TOPIC = "billing.erasure_done"
        PUBLIC = True
        erasure_id: UUID

    class ErasureHeld(Aggregate.Event):
        """The names are gone; documents that the law wants stay until that day."""

        TOPIC = "billing.erasure_held"
        PUBLIC = True
        erasure_id: UUID
        until: date
        reason: str

    @event(ErasureNoted)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, erasure_id: UUID, person_ids: tuple[UUID, ...], timestamp: datetime
    ) -> None:
        self.erasure_id = erasure_id

    def done(self, now: datetime) -> None:
        self._erasure_done(erasure_id=self.erasure_id, timestamp=now)

    @event(ErasureDone)
    def _erasure_done(self, erasure_id: UUID, timestamp: datetime) -> None:
        pass

    def held(self, until: date, reason: str, now: datetime) -> None:
        self._erasure_held(erasure_id=self.erasure_id, until=until, reason=reason, timestamp=now)

    @event(ErasureHeld)
    def _erasure_held(self, erasure_id: UUID, until: date, reason: str, timestamp: datetime) -> None:
        pass


def answer_id(erasure_id: UUID) -> UUID:
    """Derived: an erasure is answered once."""
    return derived(erasure_id, "billing")
