"""An absence alert: one guardian is to hear that one student was marked absent without notice in one lesson."""

from datetime import date, datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


class AbsenceAlert(Aggregate):
    TOPIC = "academic.absence_alert"

    class Created(Aggregate.Created):
        TOPIC = "academic.absence_alert_created"  # never stored; the library asks for the name

    class Alerted(Created):
        """A mail goes out for it, unless it is not true any more when the mail is written."""

        TOPIC = "academic.absence_alerted"
        class_id: UUID
        meeting_id: UUID
        register_id: UUID
        enrolment_id: UUID
        person_id: UUID
        guardian_id: UUID
        held_on: date

    @event(Alerted)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        register_id: UUID,
        enrolment_id: UUID,
        person_id: UUID,
        guardian_id: UUID,
        held_on: date,
        timestamp: datetime,
    ) -> None:
        self.person_id = person_id
        self.guardian_id = guardian_id


def alert_id(tenant_id: UUID, event_id: UUID, enrolment_id: UUID, guardian_id: UUID) -> UUID:
    """One for each marking or correction that says it."""
    return derived(tenant_id, "absence-alert", event_id, enrolment_id, guardian_id)
