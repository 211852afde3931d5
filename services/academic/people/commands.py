"""What can be done with a person. Personal fields come in clear and are sealed here."""

from uuid import UUID

from academic.loading import as_seen, named
from academic.orgs.org import Org
from academic.people.details import ClearDetails, sealed
from academic.people.person import Person
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.personal import Keyring
from shared.store import EventStore


@command
async def register_person(
    store: EventStore, call: Call, keyring: Keyring, person_id: UUID, details: ClearDetails
) -> Saved:
    await _orgs_known(store, call, details)
    sealer = await keyring.sealer(call.tenant_id, person_id)
    person = Person.register(person_id, call.tenant_id, sealed(sealer, details), None, call.now)
    claim = sourced(call.tenant_id, "person", str(person_id), person_id)
    return await store.save(person, call=call, claims=[claim], keys=sealer.new)


@command
async def correct_person_details(
    store: EventStore, call: Call, keyring: Keyring, person_id: UUID, details: ClearDetails
) -> Saved:
    await _orgs_known(store, call, details)
    async with store.turn(call, person_id):
        person = await store.get(Person, person_id, call.tenant_id)
        as_seen(call, person)
        sealer = await keyring.sealer(call.tenant_id, person_id)
        person.correct(sealed(sealer, details, person.details), call.now)
        return await store.save(person, call=call, keys=sealer.new)


@command
async def link_guardian(store: EventStore, call: Call, person_id: UUID, guardian_id: UUID) -> Saved:
    await named(store, call, Person, guardian_id, "/guardian_id")
    return await store.change(Person, person_id, lambda person: person.link_guardian(guardian_id, call.now), call=call)


@command
async def unlink_guardian(store: EventStore, call: Call, person_id: UUID, guardian_id: UUID) -> Saved:
    return await store.change(
        Person, person_id, lambda person: person.unlink_guardian(guardian_id, call.now), call=call
    )


@command
async def archive_person(store: EventStore, call: Call, person_id: UUID) -> Saved:
    return await store.change(Person, person_id, lambda person: person.archive(call.now), call=call)


@command
async def restore_person(store: EventStore, call: Call, person_id: UUID) -> Saved:
    return await store.change(Person, person_id, lambda person: person.restore(call.now), call=call)


async def _orgs_known(store: EventStore, call: Call, details: ClearDetails) -> None:
    known = await store.get_many(Org, details.org_ids, call.tenant_id) if details.org_ids else {}
    for number, org_id in enumerate(details.org_ids):
        if org_id not in known:
            raise NotFound(pointer=f"/org_ids/{number}")
