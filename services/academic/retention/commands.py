"""What can be done with leavers: set the policy, look at a term, hold somebody, hand over to erasure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from academic.people.person import Person
from academic.retention.leaver import Leaver, LeaverNotDue, leaver_id
from academic.retention.policy import Hold, RetentionPolicy, Terms, policy_id
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.store import EventStore


async def policy_of(store: EventStore, call: Call) -> RetentionPolicy:
    id = policy_id(call.tenant_id)
    known = await store.find(RetentionPolicy, id, call.tenant_id)
    return known or RetentionPolicy(id=id, tenant_id=call.tenant_id, timestamp=call.now)


@command
async def set_retention_terms(store: EventStore, call: Call, terms: Terms) -> Saved:
    async with store.turn(call, policy_id(call.tenant_id)):
        policy = await policy_of(store, call)
        policy.set_terms(terms, call.now)
        return await store.save(policy, call=call)


@command
async def review_leaver(
    store: EventStore, call: Call, person_id: UUID, until: date, why: str, since: datetime
) -> Saved:
    """Nothing for somebody who is back meanwhile."""
    async with store.turn(call, leaver_id(call.tenant_id, person_id)):
        leaver = await leaver_of(store, call, person_id)
        person = await store.get(Person, person_id, call.tenant_id)
        if person.archived and not person.erased:
            leaver.review(until, why, since, call.now)
        return await store.save(leaver, call=call)


@command
async def hold_leaver(store: EventStore, call: Call, person_id: UUID, until: date, why: Hold) -> Saved:
    async with store.turn(call, leaver_id(call.tenant_id, person_id)):
        person = await store.get(Person, person_id, call.tenant_id)
        if not person.archived or person.erased:
            raise NotFound
        leaver = await leaver_of(store, call, person_id)
        leaver.hold(until, why, call.now)
        return await store.save(leaver, call=call)


@command
async def hand_over_leavers(store: EventStore, call: Call, person_ids: Sequence[UUID], by: UUID) -> Saved:
    """All of them or none."""
    ids = {leaver_id(call.tenant_id, person_id): number for number, person_id in enumerate(person_ids)}
    async with store.turn(call, *ids):
        found = await store.get_many(Leaver, ids, call.tenant_id)
        people = await store.get_many(Person, person_ids, call.tenant_id)
        for id, number in ids.items():
            person = people.get(person_ids[number])
            if person is None or not person.archived or person.erased:
                raise NotFound(pointer=f"/person_ids/{number}")
            if id not in found or not (found[id].due or found[id].handed_over):
                raise LeaverNotDue(pointer=f"/person_ids/{number}")
            found[id].hand_over(by, call.now)
        return await store.save(*found.values(), call=replace(call, expected_version=None))


async def leaver_of(store: EventStore, call: Call, person_id: UUID) -> Leaver:
    id = leaver_id(call.tenant_id, person_id)
    known = await store.find(Leaver, id, call.tenant_id)
    return known or Leaver(id=id, tenant_id=call.tenant_id, person_id=person_id, timestamp=call.now)
