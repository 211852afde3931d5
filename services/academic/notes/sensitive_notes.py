"""Sensitive notes about a person (allergies, custody, learning support), apart from all other data; and who read them.

What kind a note is tells as much as its text: both are sealed with the person's key."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.ids import derived
from shared.sealed import Sealed

NoteKind = Literal["allergies", "custody", "learning-support", "medical", "other"]
MOST = 50


class NoteUnknown(NotFound):
    """There is no such note about this person."""


class TooManyNotes(Refused):
    """There are 50 notes about this person: remove what is not needed any more."""


class SensitiveNotes(Aggregate):
    """All notes about one person."""

    TOPIC = "academic.sensitive_notes"

    class Created(Aggregate.Created):
        TOPIC = "academic.sensitive_notes_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.sensitive_notes_started"
        person_id: UUID

    class NoteWritten(Aggregate.Event):
        """A note that was there under this id gives way."""

        TOPIC = "academic.sensitive_note_written"
        person_id: UUID
        note_id: UUID
        kind: Sealed[str]
        text: Sealed[str]

    class NoteRemoved(Aggregate.Event):
        TOPIC = "academic.sensitive_note_removed"
        person_id: UUID
        note_id: UUID

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        self.person_id = person_id
        self.notes: dict[UUID, tuple[Sealed[str], Sealed[str]]] = {}

    def write(self, note_id: UUID, kind: Sealed[str], text: Sealed[str], now: datetime) -> None:
        if note_id not in self.notes and len(self.notes) == MOST:
            raise TooManyNotes
        if self.notes.get(note_id) != (kind, text):
            self._note_written(person_id=self.person_id, note_id=note_id, kind=kind, text=text, timestamp=now)

    def known(self, note_id: UUID) -> None:
        if note_id not in self.notes:
            raise NoteUnknown

    def remove(self, note_id: UUID, now: datetime) -> None:
        self.known(note_id)
        self._note_removed(person_id=self.person_id, note_id=note_id, timestamp=now)

    @event(NoteWritten)
    def _note_written(
        self, person_id: UUID, note_id: UUID, kind: Sealed[str], text: Sealed[str], timestamp: datetime
    ) -> None:
        self.notes[note_id] = (kind, text)

    @event(NoteRemoved)
    def _note_removed(self, person_id: UUID, note_id: UUID, timestamp: datetime) -> None:
        self.notes.pop(note_id, None)


def notes_id(tenant_id: UUID, person_id: UUID) -> UUID:
    return derived(tenant_id, "sensitive-notes", person_id)
