"""Names of students and titles of classes, for people who read an invoice."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from billing.catalogue.offer import Offer, titles_of
from billing.students.students import Students, students_of
from shared.caller import Caller


@dataclass(frozen=True)
class Names:
    """An erased student has no name, and a class that academic has not told of yet no title."""

    students: dict[UUID, str]
    classes: dict[UUID, str]


async def names_for(caller: Caller, students: Iterable[UUID], classes: Iterable[UUID]) -> Names:
    async with caller.reading(Students) as read:
        people = await students_of(read, students)
    async with caller.reading(Offer) as read:
        titles = await titles_of(read, "class", classes)
    given = [(person.id, "given_name", person.given_name) for person in people]
    family = [(person.id, "family_name", person.family_name) for person in people]
    texts = await caller.keyring.open(caller.tenant_id, given + family)
    names: dict[UUID, str] = {}
    for n, person in enumerate(people):
        first, last = texts[n], texts[n + len(people)]
        if first is not None and last is not None:
            names[person.id] = f"{first} {last}"
    return Names(names, {title.id: title.title for title in titles})
