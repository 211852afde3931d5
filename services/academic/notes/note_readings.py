"""Who read the sensitive notes about a person: an event for each reading, one stream for a person and month."""

from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


class NoteReadings(Aggregate):
    TOPIC = "academic.note_readings"

    class Created(Aggregate.Created):
        TOPIC = "academic.note_readings_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.note_readings_started"
        person_id: UUID
        month: str

    class NotesRead(Aggregate.Event):
        """By the actor of the event. None, where there was none to read."""

        TOPIC = "academic.sensitive_notes_read"
        person_id: UUID
        note_ids: tuple[UUID, ...]

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, person_id: UUID, month: str, timestamp: datetime) -> None:
        self.person_id = person_id

    def read(self, note_ids: tuple[UUID, ...], now: datetime) -> None:
        self._notes_read(person_id=self.person_id, note_ids=note_ids, timestamp=now)

    @event(NotesRead)
    def _notes_read(self, person_id: UUID, note_ids: tuple[UUID, ...], timestamp: datetime) -> None:
        """Only those who come after ask for it."""


def readings_id(tenant_id: UUID, person_id: UUID, month: str) -> UUID:
    return derived(tenant_id, "note-readings", person_id, month)
