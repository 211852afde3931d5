"""What can be undone of a bulk action, what cannot, and why."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from academic.changes.change_log import ChangeLog, streams
from academic.classes.class_list import ClassList
from academic.courses.catalogue import Catalogue
from academic.meetings.timetable import Timetable
from academic.orgs.org_tree import OrgTree
from academic.registers.sheet import RegisterSheet
from academic.sessions.session_tree import SessionTree
from academic.undoing.bulk_undo import undo_id
from academic.undoing.finding import Found
from academic.undoing.items import Item, Key, Use, without_used
from shared.caller import Caller
from shared.errors import NotFound
from shared.views import View

CHUNK = 500
"""Aggregates that are read together."""
OUTSIDE = Key(UUID(int=0))
"""Something that the bulk action did not make."""


@dataclass(frozen=True)
class Plan:
    undo_id: UUID
    items: tuple[Item, ...]
    before: dict[Key, Any]


async def plan_of(caller: Caller, correlation_id: UUID) -> Plan:
    """Raises NotFound where nothing was done under this id."""
    undo = undo_id(caller.tenant_id, correlation_id)
    found = Found(caller.kernel.codec, correlation_id, undo)
    async with caller.reading(ChangeLog) as read:
        rows = await read.rows(DONE, bulk=correlation_id)
        if not rows:
            raise NotFound
        ids = [row["aggregate_id"] for row in rows]
        for chunk in chunks(ids):
            found.read(await streams(read, caller.kernel.codec, chunk))
        people = [item.key.id for item in found.items if item.kind == "academic.person"]
        known = [row["thing_id"] for row in await read.rows(ELSEWHERE, ids=people, bulk=correlation_id, undo=undo)]
    uses = [Use(Key(id), OUTSIDE) for id in known]
    items = {item.key: item for item in await with_marks(caller, found.items)}
    uses += within(found) + [use async for use in users(caller, items)]
    return Plan(undo, tuple(without_used(items.values(), uses).values()), found.before)


async def with_marks(caller: Caller, items: Sequence[Item]) -> list[Item]:
    """An enrolment that has marks stays."""
    classes = list({item.key.id for item in items if item.created and isinstance(item.key.part, UUID)})
    async with caller.reading(RegisterSheet) as read:
        marked = {row["enrolment_id"] for chunk in chunks(classes) for row in await read.rows(MARKED, ids=chunk)}
    return [
        item.kept("marks-exist") if item.created and item.state == "to-do" and item.key.part in marked else item
        for item in items
    ]


def within(found: Found) -> list[Use]:
    """Who is in a class uses the class, and is a person."""
    uses = [Use(Key(id), Key(id, part)) for id, part in found.stays]
    return uses + [Use(Key(person), Key(id, part)) for (id, part), person in found.stays.items()]


async def users(caller: Caller, items: dict[Key, Item]) -> AsyncIterator[Use]:
    """What is in use now and names something that the bulk action made."""
    made = [item.key.id for item in items.values() if item.created and item.key.part is None]
    for view, query in USERS:
        async with caller.reading(view) as read:
            for chunk in chunks(made):
                for row in await read.rows(query, ids=chunk):
                    for used in row["used"]:
                        yield Use(Key(used), Key(row["id"]))


def chunks(ids: Iterable[UUID]) -> Iterable[list[UUID]]:
    whole = list(ids)
    return [whole[first : first + CHUNK] for first in range(0, len(whole), CHUNK)]


DONE = """
    SELECT aggregate_id FROM change WHERE tenant_id = %(tenant)s AND correlation_id = %(bulk)s
    GROUP BY aggregate_id ORDER BY min(position)
"""
ELSEWHERE = """
    SELECT DISTINCT o.thing_id FROM change_about o
    JOIN change c ON c.tenant_id = o.tenant_id AND c.position = o.position
    WHERE o.tenant_id = %(tenant)s AND o.thing_id = ANY(%(ids)s) AND c.correlation_id NOT IN (%(bulk)s, %(undo)s)
"""
MARKED = """
    SELECT DISTINCT m.enrolment_id FROM sheet s
    JOIN sheet_mark m ON m.tenant_id = s.tenant_id AND m.meeting_id = s.meeting_id
    WHERE s.tenant_id = %(tenant)s AND s.class_id = ANY(%(ids)s)
"""
USERS: tuple[tuple[type[View], str], ...] = (
    (
        Timetable,
        "SELECT id, ARRAY[class_id] AS used FROM meeting"
        " WHERE tenant_id = %(tenant)s AND class_id = ANY(%(ids)s) AND state <> 'cancelled'",
    ),
    (
        ClassList,
        "SELECT id, array_remove(array_cat(ARRAY[course_id, org_id], academic_session_ids), NULL) AS used FROM class"
        " WHERE tenant_id = %(tenant)s AND NOT closed"
        " AND (course_id = ANY(%(ids)s) OR org_id = ANY(%(ids)s) OR academic_session_ids && %(ids)s)",
    ),
    (
        Catalogue,
        "SELECT id, ARRAY[org_id] AS used FROM course"
        " WHERE tenant_id = %(tenant)s AND NOT retired AND org_id = ANY(%(ids)s)",
    ),
    (
        SessionTree,
        "SELECT id, ARRAY[parent_id] AS used FROM academic_session"
        " WHERE tenant_id = %(tenant)s AND NOT closed AND parent_id = ANY(%(ids)s)",
    ),
    (
        OrgTree,
        "SELECT id, ARRAY[parent_id] AS used FROM org"
        " WHERE tenant_id = %(tenant)s AND NOT retired AND parent_id = ANY(%(ids)s)",
    ),
)
"""What is in use now, with the things that it names."""
