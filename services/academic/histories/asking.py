"""Asking for a history: which events the reader may see, with the names and the sealed values that they may see."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from academic.changes.change_log import ChangeLog, about
from academic.changes.field_classes import APART, PERSONAL_FIELDS, permission_of
from academic.histories.history import Facts, HistoryEntry, entries, values_of
from academic.histories.names import accounts, ids_in, people, titles
from academic.histories.spoken import Opened, Speaker
from academic.histories.templates import Language
from shared.answers import Answer, Paging
from shared.caller import Caller
from shared.errors import NotFound
from shared.reach import Kind
from shared.sealed import Sealed


@dataclass(frozen=True)
class Asked:
    """`kind` is the aggregate that `id` must be, or whose events must be about it. `kinds`: the narrower reach that the
    route decided on. `within`: the people who may be named; None: all whom the reader may see."""

    kind: str
    id: UUID
    kinds: tuple[Kind, ...] = ()
    of: UUID | None = None
    within: frozenset[UUID] | None = None


async def history(caller: Caller, asked: Asked, paging: Paging, language: Language) -> Answer[list[HistoryEntry]]:
    """The newest first. Raises NotFound."""
    before = paging.after(int)
    async with caller.reading(ChangeLog) as read:
        facts = await about(read, caller.kernel.codec, asked.id)
    types = caller.kernel.codec.types
    own = asked.of or asked.id
    if not any(fact.aggregate_id == own and types[fact.topic].aggregate_topic == asked.kind for fact in facts):
        raise NotFound
    seen = [fact for fact in facts if may_read(caller, asked, fact.topic)]
    told = await told_of(caller, asked, seen, language)
    page = [each for each in reversed(told) if before is None or each.position < before[0]][: paging.limit + 1]
    return caller.page(page, "History", read, paging, lambda each: (each.position,))


def may_read(caller: Caller, asked: Asked, topic: str) -> bool:
    """Also of what happened elsewhere and is about the thing: with the reach for that kind of event."""
    kind = caller.kernel.codec.types[topic].aggregate_topic
    return reaches(caller, permission_of(topic, kind), asked.kinds)


def reaches(caller: Caller, permission: str, kinds: Collection[Kind]) -> bool:
    return caller.identity is not None and caller.identity.reach(permission, frozenset(kinds)) is not None


async def told_of(caller: Caller, asked: Asked, facts: Facts, language: Language) -> list[HistoryEntry]:
    users = {fact.actor["id"] for fact in facts if fact.actor["kind"] == "user"}
    linked = await accounts(caller, users)
    ids = {fact.aggregate_id for fact in facts}.union(*(ids_in(values_of(fact.data).values()) for fact in facts))
    named = await titles(caller, list(ids))
    if reaches(caller, "people.read", asked.kinds):
        wanted = ids | set(linked.values())
        named |= await people(caller, wanted if asked.within is None else wanted & asked.within)
    actors = {user: named.get(person) for user, person in linked.items()}
    return entries(facts, Speaker(language, named, await opened(caller, asked, facts)), actors)


async def opened(caller: Caller, asked: Asked, facts: Facts) -> Opened:
    """What is personal to whom may read people, what is special to whom may read that kind of event."""
    types = caller.kernel.codec.types
    may_people = reaches(caller, "people.read", asked.kinds)
    sealed = [
        (getattr(fact.data, "person_id", fact.aggregate_id), name, value)
        for fact in facts
        if types[fact.topic].aggregate_topic not in APART
        for name, value in values_of(fact.data).items()
        if isinstance(value, Sealed) and (name not in PERSONAL_FIELDS or may_people)
    ]
    texts = await caller.keyring.open(caller.tenant_id, sealed)
    return {value.text: text for (_, _, value), text in zip(sealed, texts, strict=True)}
