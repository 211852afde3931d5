"""The object rule of classes: whether one lies within the caller's reach, by its places or as a class that one teaches.

Who teaches a class is asked of the class itself, so a teacher who was taken off it this moment is refused at once."""

from collections.abc import Callable
from datetime import date
from typing import Final
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.teaching import Teaching, classes_in, classes_taught, people_of, with_orgs_below
from shared.caller import Caller, Rule
from shared.reach import Kind

OWN_CLASSES: Final[tuple[Kind, ...]] = ("classes", "places")

Teaches = Callable[[Class, frozenset[UUID]], bool]
"""Whether one of these people is a teacher there, in the sense of the question."""


def today(caller: Caller) -> date:
    return caller.now.date()


def own_class(class_id: UUID) -> Rule:
    """Taught today."""

    async def rule(caller: Caller) -> bool:
        return await reaches(caller, class_id, lambda class_, people: teaches_on(class_, people, today(caller)))

    return rule


def own_lesson(class_id: UUID, held_on: date, teacher_ids: tuple[UUID, ...], *, writing: bool = False) -> Rule:
    """A lesson of a class that one teaches today, or which one gives as a substitute. What one taught once can be read
    for ever: `writing` leaves that out."""

    async def rule(caller: Caller) -> bool:
        days = {today(caller)} if writing else {today(caller), held_on}

        def teaches(class_: Class, people: frozenset[UUID]) -> bool:
            assigned = {stay.person_id for stay in class_.teachers.values()}
            substitutes = people.intersection(teacher_ids) - assigned
            return bool(substitutes) or any(teaches_on(class_, people, day) for day in days)

        return await reaches(caller, class_id, teaches)

    return rule


def teaches_on(class_: Class, people: frozenset[UUID], day: date) -> bool:
    return any(stay.person_id in people and stay.covers(day) for stay in class_.teachers.values())


async def reaches(caller: Caller, class_id: UUID, teaches: Teaches) -> bool:
    reach = caller.reach
    class_ = await caller.store.find(Class, class_id, caller.tenant_id)
    if class_ is None:
        return False
    async with caller.reading(Teaching) as read:
        people = await people_of(read, caller.user_id) if "classes" in reach.kinds else frozenset()
        orgs = await with_orgs_below(read, reach.org_ids) if reach.org_ids else frozenset()
    placed = class_id in reach.class_ids or class_.details.org_id in orgs
    if "places" in reach.kinds and placed:
        return True
    return "classes" in reach.kinds and (placed or not reach.limited) and teaches(class_, people)


async def reached_classes(caller: Caller) -> list[UUID] | None:
    """The classes that a list may show; None: all of the school."""
    reach = caller.reach
    if reach.whole:
        return None
    caller.decided()
    async with caller.reading(Teaching) as read:
        orgs = await with_orgs_below(read, reach.org_ids) if reach.org_ids else frozenset()
        placed = await classes_in(read, reach.class_ids, orgs) if reach.limited else frozenset()
        found = placed if "places" in reach.kinds else frozenset()
        if "classes" in reach.kinds:
            taught = await classes_taught(read, await people_of(read, caller.user_id), today(caller))
            found |= taught & placed if reach.limited else taught
    return sorted(found)
