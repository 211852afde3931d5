"""A block of rows against what the school has now. Nothing is saved here: a dry run ends with this."""

from asyncio import sleep
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, cast
from uuid import UUID

from academic.classes.class_ import Class
from academic.imports import rolls
from academic.imports.blocks import Block, ClassRows
from academic.imports.decided import Decided
from academic.imports.oneroster.records import EnrollmentRow, Record
from academic.imports.people import PersonRows, decide_people
from academic.imports.things import CLASSES, COURSES, ORGS, SESSIONS, Thing
from academic.source_ids import class_id, sourced
from shared.errors import DomainError
from shared.personal import Keyring
from shared.store import EventStore

THINGS: Mapping[str, Thing[Any, Any]] = {"orgs": ORGS, "academicSessions": SESSIONS, "courses": COURSES}
UNKNOWN = "The school does not know it; there is nothing to delete."


@dataclass(frozen=True)
class Ground:
    """What every decision stands on. `today` is the day in the school's zone."""

    store: EventStore
    keyring: Keyring
    tenant_id: UUID
    now: datetime
    today: date


async def decide(ground: Ground, block: Block) -> Decided:
    if block.kind == "users":
        people = cast(Sequence[PersonRows], block.items)
        return await decide_people(ground.store, ground.keyring, ground.tenant_id, ground.now, people)
    if block.kind == "classes":
        return await _classes(ground, cast(Sequence[ClassRows], block.items))
    return await _things(ground, THINGS[block.kind], cast(Sequence[Record], block.items))


async def _things(ground: Ground, thing: Thing[Any, Any], rows: Sequence[Record]) -> Decided:
    ids = {row.sourced_id: thing.id(ground.tenant_id, row.sourced_id) for row in rows}
    found = await ground.store.get_many(thing.type, ids.values(), ground.tenant_id)
    decided = Decided()
    for row in rows:
        _settle(decided, ground, thing, row, found.get(ids[row.sourced_id]))
    return decided


def _settle(decided: Decided, ground: Ground, thing: Thing[Any, Any], row: Record, current: Any) -> Any:
    """The thing with the row's changes; None if there is none and the row makes none."""
    try:
        settled, action = thing.settle(ground.tenant_id, row, current, ground.now)
    except DomainError as error:
        decided.refused(row, error)
        return current
    if settled is None:
        decided.skipped(row, "sourcedId", "never-known", UNKNOWN)
        return None
    claims = [sourced(ground.tenant_id, thing.name, row.sourced_id, settled.id)] if current is None else []
    decided.keep(settled, claims)
    decided.told(row, action)
    return settled


async def _classes(ground: Ground, classes: Sequence[ClassRows]) -> Decided:
    ids = {rows.sourced_id: class_id(ground.tenant_id, rows.sourced_id) for rows in classes}
    found = await ground.store.get_many(Class, ids.values(), ground.tenant_id)
    decided = Decided()
    for rows in classes:
        class_ = found.get(ids[rows.sourced_id])
        if rows.row is not None:
            class_ = _settle(decided, ground, CLASSES, rows.row, class_)
        for row in rows.enrolments:
            # Other requests of the process get their turn: a full class compares many stays.
            await sleep(0)
            _enrol(decided, ground, row, class_)
        if class_ is not None:
            decided.keep(class_)
    return decided


def _enrol(decided: Decided, ground: Ground, row: EnrollmentRow, class_: Class | None) -> None:
    if class_ is None:
        decided.skipped(row, "classSourcedId", "never-known", UNKNOWN)
        return
    try:
        action = rolls.settle(class_, row, ground.today, ground.now)
    except DomainError as error:
        decided.refused(row, error)
        return
    if action == "skipped":
        decided.skipped(row, "sourcedId", "never-known", UNKNOWN)
    else:
        decided.told(row, action)
