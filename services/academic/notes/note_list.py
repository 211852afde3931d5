"""Sensitive notes as they stand, and the log of who read them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.notes.note_readings import NoteReadings
from academic.notes.sensitive_notes import SensitiveNotes
from academic.people.person import Person
from shared.answers import Paging
from shared.personal import Keyring
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

NOTES = Table(
    "sensitive_notes",
    key=("tenant_id", "person_id"),
    columns={"tenant_id": "uuid", "person_id": "uuid", "notes": "jsonb"},
)
READINGS = Table(
    "note_reading",
    key=("tenant_id", "person_id", "position"),
    columns={
        "tenant_id": "uuid",
        "person_id": "uuid",
        "position": "int8",
        "note_ids": "uuid[]",
        "who": "jsonb",
        "read_at": "timestamptz",
    },
)


class Notes(View):
    """A row for each person, with what is sealed in it: an erasure leaves none. Who read stays."""

    NAME = "sensitive_notes"
    SOURCE = "academic"
    TABLES = (NOTES, READINGS)

    @on(SensitiveNotes.NoteWritten)
    async def written(self, fact: Fact[SensitiveNotes.NoteWritten], rows: Rows) -> None:
        data = fact.data
        note = {"kind": data.kind.text, "text": data.text.text, "written_at": fact.time.isoformat(), "who": fact.who}
        notes = await self._notes(fact, rows)
        self._put(fact, rows, notes | {str(data.note_id): note})

    @on(SensitiveNotes.NoteRemoved)
    async def removed(self, fact: Fact[SensitiveNotes.NoteRemoved], rows: Rows) -> None:
        notes = await self._notes(fact, rows)
        self._put(fact, rows, {id: note for id, note in notes.items() if id != str(fact.data.note_id)})

    @on(Person.PersonErased)
    def erased(self, fact: Fact[Person.PersonErased], rows: Rows) -> None:
        rows.remove(NOTES, (fact.tenant_id, fact.aggregate_id))

    @on(NoteReadings.NotesRead)
    def read(self, fact: Fact[NoteReadings.NotesRead], rows: Rows) -> None:
        rows.put(
            READINGS,
            {
                "tenant_id": fact.tenant_id,
                "person_id": fact.data.person_id,
                "position": fact.position,
                "note_ids": fact.data.note_ids,
                "who": fact.who,
                "read_at": fact.time,
            },
        )

    @staticmethod
    async def _notes(fact: Fact[Any], rows: Rows) -> dict[str, Any]:
        row = await rows.get(NOTES, (fact.tenant_id, fact.data.person_id))
        return {} if row is None else row["notes"]

    @staticmethod
    def _put(fact: Fact[Any], rows: Rows, notes: dict[str, Any]) -> None:
        rows.put(NOTES, {"tenant_id": fact.tenant_id, "person_id": fact.data.person_id, "notes": notes})


class Note(BaseModel):
    """`who` wrote it last."""

    id: UUID
    kind: str
    text: str
    written_at: datetime
    who: dict[str, str]


class NoteReading(BaseModel):
    """`position` orders the readings."""

    position: int
    note_ids: list[UUID]
    who: dict[str, str]
    read_at: datetime


async def notes_about(read: Reading, keyring: Keyring, person_id: UUID) -> list[Note]:
    """In the order of their ids; none of somebody who was erased."""
    rows = await read.rows(
        "SELECT notes FROM sensitive_notes WHERE tenant_id = %(tenant)s AND person_id = %(person_id)s",
        person_id=person_id,
    )
    sealed = sorted(rows[0]["notes"].items()) if rows else []
    values = [(person_id, field, note[field]) for _, note in sealed for field in ("kind", "text")]
    texts = iter(await keyring.open(read.tenant_id, values))
    opened = [(id, note, next(texts), next(texts)) for id, note in sealed]
    return [
        Note(id=UUID(id), kind=kind, text=text, written_at=note["written_at"], who=note["who"])
        for id, note, kind, text in opened
        if kind is not None and text is not None
    ]


async def readings_of(read: Reading, paging: Paging, person_id: UUID) -> list[NoteReading]:
    """One page and one row more, the newest first."""
    (before,) = paging.after(int) or (2**63 - 1,)
    return await read.all(
        NoteReading,
        "SELECT position, note_ids, who, read_at FROM note_reading WHERE tenant_id = %(tenant)s"
        " AND person_id = %(person_id)s AND position < %(before)s ORDER BY position DESC LIMIT %(limit)s",
        person_id=person_id,
        before=before,
        limit=paging.limit + 1,
    )
