"""Sensitive notes over HTTP: a right of their own, fresh proof of who calls, and a trace of each reading."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.fields import Words
from academic.notes.commands import record_reading, remove_note, revise_note, write_note
from academic.notes.note_list import Note, NoteReading, Notes, notes_about, readings_of
from academic.notes.sensitive_notes import NoteKind, NoteUnknown, TooManyNotes
from academic.people.person import Person, PersonIsErased
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["sensitive notes"])

Writer = Annotated[Caller, may("notes.write", fresh=True)]


class NoteBody(Request):
    """Kind and text are stored sealed with the person's key."""

    kind: NoteKind
    text: Words


class NoteReceipt(Receipt):
    """`id` and `version` are those of all notes about the person."""

    note_id: UUID


@router.get("/people/{person_id}/notes", responses=problems(NotFound))
async def get_notes(
    person_id: UUID, caller: Annotated[Caller, may("notes.read", fresh=True, sensitive=True)]
) -> Answer[list[Note]]:
    """The sensitive notes about a person. That they were read is recorded before they are answered."""
    await caller.store.get(Person, person_id, caller.tenant_id)
    async with caller.reading(Notes) as read:
        notes = await notes_about(read, caller.keyring, person_id)
    await record_reading(caller.store, caller.call, person_id, [note.id for note in notes])
    return caller.answer(notes, "Sensitive notes", read)


@router.post("/people/{person_id}/notes", status_code=201, responses=problems(NotFound, PersonIsErased, TooManyNotes))
async def post_note(
    person_id: UUID, body: NoteBody, caller: Annotated[Caller, may("notes.write", creates=True, fresh=True)]
) -> Answer[NoteReceipt]:
    """Write a note about a person, apart from all other data."""
    saved = await write_note(caller.store, caller.call, caller.keyring, person_id, uuid7(), body.kind, body.text)
    caller.moved(saved)
    return Answer(
        data=NoteReceipt(id=saved.id, version=saved.version, note_id=saved.reply["note_id"]), message="Note written"
    )


@router.post("/people/{person_id}/notes/{note_id}/revision", responses=problems(NotFound, PersonIsErased, NoteUnknown))
async def post_note_revision(person_id: UUID, note_id: UUID, body: NoteBody, caller: Writer) -> Answer[Receipt]:
    """Write a note anew: kind and text at once."""
    saved = await revise_note(caller.store, caller.call, caller.keyring, person_id, note_id, body.kind, body.text)
    return caller.accepted(saved, "Note revised")


@router.post("/people/{person_id}/notes/{note_id}/removal", responses=problems(NotFound, PersonIsErased, NoteUnknown))
async def post_note_removal(person_id: UUID, note_id: UUID, caller: Writer) -> Answer[Receipt]:
    """Remove a note that is not needed any more."""
    return caller.accepted(await remove_note(caller.store, caller.call, person_id, note_id), "Note removed")


@router.get("/people/{person_id}/note-readings", responses=problems(NotFound))
async def get_note_readings(
    person_id: UUID, paging: Page, caller: Annotated[Caller, may("audit.read")]
) -> Answer[list[NoteReading]]:
    """Who read the sensitive notes about a person, and when: the newest first."""
    await caller.store.get(Person, person_id, caller.tenant_id)
    async with caller.reading(Notes) as read:
        lines = await readings_of(read, paging, person_id)
    return caller.page(lines, "Readings of sensitive notes", read, paging, lambda line: (line.position,))
