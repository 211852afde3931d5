"""A check-in: a participant said with the own login, in the room, that one is there."""

from datetime import date, datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived


class AlreadyCheckedIn(Refused):
    """The participant has checked in to this meeting."""


class CheckIn(Aggregate):
    TOPIC = "academic.check_in"

    class Created(Aggregate.Created):
        TOPIC = "academic.check_in_created"  # never stored; the library asks for the name

    class CheckedIn(Created):
        """`arrived_at`: local time of the meeting. `late`: minutes after the start, 0 for who came before. `proposed`:
        the code by the class's policy, None where somebody had marked the participant before."""

        TOPIC = "academic.checked_in"
        class_id: UUID
        meeting_id: UUID
        enrolment_id: UUID
        person_id: UUID
        held_on: date
        arrived_at: str
        late: int
        proposed: str | None

    @event(CheckedIn)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        enrolment_id: UUID,
        person_id: UUID,
        held_on: date,
        arrived_at: str,
        late: int,
        proposed: str | None,
        timestamp: datetime,
    ) -> None:
        self.arrived_at = arrived_at


def check_in_id(tenant_id: UUID, meeting_id: UUID, enrolment_id: UUID) -> UUID:
    """Derived: one checks in to a meeting once."""
    return derived(tenant_id, "check-in", meeting_id, enrolment_id)
