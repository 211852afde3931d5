"""What academic answers to an erasure that was approved."""

from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


class ErasureAnswer(Aggregate):
    """Holds ids only."""

    TOPIC = "academic.erasure_answer"

    class Created(Aggregate.Created):
        TOPIC = "academic.erasure_answer_created"

    class ErasureDone(Created):
        TOPIC = "academic.erasure_done"
        PUBLIC = True
        erasure_id: UUID
        person_ids: tuple[UUID, ...]

    @event(ErasureDone)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, erasure_id: UUID, person_ids: tuple[UUID, ...], timestamp: datetime
    ) -> None:
        self.erasure_id = erasure_id


def answer_id(erasure_id: UUID) -> UUID:
    """Derived: an erasure is answered once."""
    return derived(erasure_id, "academic")
