"""Academic's part of an erasure: people of the school's records lose their names, and their guardians' links."""

from uuid import UUID

from pydantic import BaseModel

from academic.erasures.erasure_answer import ErasureAnswer, answer_id
from academic.people.person import Person
from shared.calls import Call, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.reactions import Act, Fact, when
from shared.store import EventStore


class ErasureApproved(BaseModel):
    person_ids: tuple[UUID, ...]


@when("auth.erasure_approved", name="academic.erase-people")
async def when_erasure_approved(fact: Fact[ErasureApproved], act: Act) -> None:
    await erase_people(act.store, act.call, fact.aggregate_id, fact.data.person_ids)


@command
async def erase_people(store: EventStore, call: Call, erasure_id: UUID, person_ids: tuple[UUID, ...]) -> Saved:
    """Marks, enrolments and what was counted stay, under ids that name nobody any more. One append: nobody is erased
    without the answer, or the other way round. Whom we do not know has no key of ours: the id may be a payer, whose
    invoices billing has to keep."""
    people = await store.get_many(Person, person_ids, call.tenant_id)
    for person in people.values():
        person.erase(call.now)
    answer = ErasureAnswer(
        id=answer_id(erasure_id),
        tenant_id=call.tenant_id,
        erasure_id=erasure_id,
        person_ids=tuple(people),
        timestamp=call.now,
    )
    keys = [Keyring.erased(call.tenant_id, person_id) for person_id in people]
    return await store.save(answer, *people.values(), call=call, keys=keys)
