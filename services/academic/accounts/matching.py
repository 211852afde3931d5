"""Whose is a user account? The person whom the invitation names, else the only one with its verified address."""

import unicodedata
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from academic.people.directory import Directory
from academic.people.person import Person
from shared.personal import Keyring
from shared.reactions import Act
from shared.reading import Reading
from shared.store import EventStore

PAGE = 500
MOST_CANDIDATES = 10


class Address(NamedTuple):
    """Sealed with the person's key."""

    id: UUID
    email: str


@dataclass(frozen=True)
class Match:
    """`person_id` None: nobody, or more than one; `why` says which, `candidate_ids` who it might be."""

    person_id: UUID | None
    why: str = ""
    candidate_ids: tuple[UUID, ...] = ()


async def named_person(store: EventStore, tenant_id: UUID, person_id: UUID, user_id: UUID) -> Match:
    person = await store.find(Person, person_id, tenant_id)
    if person is None or person.archived:
        return Match(None, "unknown-person", () if person is None else (person_id,))
    if person.user_id not in (None, user_id):
        return Match(None, "person-has-account", (person_id,))
    return Match(person_id)


async def person_by_address(act: Act, tenant_id: UUID, email: str, user_id: UUID) -> Match:
    """Addresses are sealed, each with a key of its own: they are opened page by page, and none is kept."""
    async with act.reading(Directory) as read:
        ids = await with_address(read, act.keyring, email)
    people = await act.store.get_many(Person, ids, tenant_id)
    free = [person for person in people.values() if person.user_id in (None, user_id) and not person.archived]
    if len(free) == 1:
        return Match(free[0].id)
    return Match(None, "several" if free else "nobody", tuple(person.id for person in free[:MOST_CANDIDATES]))


async def with_address(read: Reading, keyring: Keyring, email: str) -> list[UUID]:
    wanted, found, after = normal(email), list[UUID](), UUID(int=0)
    while page := await read.all(
        Address,
        "SELECT id, email FROM person WHERE tenant_id = %(tenant)s AND id > %(after)s"
        " AND email IS NOT NULL AND NOT archived ORDER BY id LIMIT %(limit)s",
        after=after,
        limit=PAGE,
    ):
        texts = await keyring.open(read.tenant_id, [(one.id, "email", one.email) for one in page])
        found += [one.id for one, text in zip(page, texts, strict=True) if text is not None and normal(text) == wanted]
        after = page[-1].id
    return found


def normal(email: str) -> str:
    return unicodedata.normalize("NFKC", email).strip().casefold()
