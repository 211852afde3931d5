"""What can be done with sensitive notes: write, write anew, remove; and to read them, which is recorded first."""

from collections.abc import Collection
from uuid import UUID

from academic.loading import as_seen
from academic.notes.note_readings import NoteReadings, readings_id
from academic.notes.sensitive_notes import NoteKind, SensitiveNotes, notes_id
from academic.people.person import Person, PersonIsErased
from shared.calls import Call, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.store import EventStore


@command
async def write_note(
    store: EventStore, call: Call, keyring: Keyring, person_id: UUID, note_id: UUID, kind: NoteKind, text: str
) -> Saved:
    """Replies with the id of the note."""
    return await _written(store, call, keyring, person_id, note_id, kind, text, known=False)


@command
async def revise_note(
    store: EventStore, call: Call, keyring: Keyring, person_id: UUID, note_id: UUID, kind: NoteKind, text: str
) -> Saved:
    return await _written(store, call, keyring, person_id, note_id, kind, text, known=True)


@command
async def remove_note(store: EventStore, call: Call, person_id: UUID, note_id: UUID) -> Saved:
    async with store.turn(call, notes_id(call.tenant_id, person_id)):
        notes = await notes_of(store, call, person_id)
        as_seen(call, notes)
        notes.remove(note_id, call.now)
        return await store.save(notes, call=call)


@command
async def record_reading(store: EventStore, call: Call, person_id: UUID, note_ids: Collection[UUID]) -> Saved:
    month = f"{call.now:%Y-%m}"
    id = readings_id(call.tenant_id, person_id, month)
    async with store.turn(call, id):
        readings = await store.find(NoteReadings, id, call.tenant_id) or NoteReadings(
            id=id, tenant_id=call.tenant_id, person_id=person_id, month=month, timestamp=call.now
        )
        readings.read(tuple(note_ids), call.now)
        return await store.save(readings, call=call)


async def notes_of(store: EventStore, call: Call, person_id: UUID) -> SensitiveNotes:
    """Those of somebody about whom there are none are new. Raises NotFound, PersonIsErased."""
    person = await store.get(Person, person_id, call.tenant_id)
    if person.erased:
        raise PersonIsErased
    id = notes_id(call.tenant_id, person_id)
    found = await store.find(SensitiveNotes, id, call.tenant_id)
    return found or SensitiveNotes(id=id, tenant_id=call.tenant_id, person_id=person_id, timestamp=call.now)


async def _written(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    person_id: UUID,
    note_id: UUID,
    kind: NoteKind,
    text: str,
    *,
    known: bool,
) -> Saved:
    async with store.turn(call, notes_id(call.tenant_id, person_id)):
        notes = await notes_of(store, call, person_id)
        as_seen(call, notes)
        if known:
            notes.known(note_id)
        sealer = await keyring.sealer(call.tenant_id, person_id)
        notes.write(note_id, sealer.seal("kind", kind), sealer.seal("text", text), call.now)
        return await store.save(notes, call=call, keys=sealer.new, reply={"note_id": str(note_id)})
