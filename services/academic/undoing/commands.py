"""Undoing a bulk action: block by block, each saved by itself. Called again it goes on where it stopped."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from typing import Any
from uuid import UUID

from academic.calendars.calendar import Calendar
from academic.classes.class_ import Class
from academic.courses.course import Course
from academic.meetings.class_meeting import ClassMeeting
from academic.meetings.occupancy import Occupancy, save_meetings
from academic.orgs.org import Org
from academic.people.person import Person
from academic.sessions.academic_session import AcademicSession
from academic.undoing.bulk_undo import BulkUndo, KeptItem
from academic.undoing.finding import KINDS, aggregates_of
from academic.undoing.items import Item, Key
from academic.undoing.planning import Plan
from academic.undoing.reverting import revert
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import DomainError
from shared.events import Aggregate
from shared.store import EventStore

MANY = 300
"""Items of one save."""
TYPES: Mapping[str, type[Aggregate]] = {
    "academic.class_meeting": ClassMeeting,
    "academic.class": Class,
    "academic.person": Person,
    "academic.course": Course,
    "academic.academic_session": AcademicSession,
    "academic.org": Org,
    "academic.calendar": Calendar,
}
Block = Sequence[tuple[UUID, list[Item]]]


async def undo_bulk_action(store: EventStore, call: Call, correlation_id: UUID, plan: Plan) -> Saved:
    """All that it changes has the id of the undo as its correlation id. What was done before counts as undone."""
    own = replace(call, correlation_id=plan.undo_id, deadline=None, expected_version=None)
    await begin_undo(store, own.step("begun"), correlation_id, plan.undo_id)
    refused: dict[tuple[str, str | None], str] = {}
    for kind, block in blocks_of(plan.items):
        saved = await undo_block(store, own.step(mark_of(block)), kind, block, plan.before)
        refused |= {(id, part): reason for id, part, reason in saved.reply["refused"]}
    kept = [line for item in plan.items if (line := kept_line(item, refused)) is not None]
    return await finish_undo(store, own, plan.undo_id, len(plan.items) - len(kept), kept)


def kept_line(item: Item, refused: Mapping[tuple[str, str | None], str]) -> KeptItem | None:
    """None for what is undone."""
    part = text_of(item.key)
    reason = item.reason if item.state == "kept" else refused.get((str(item.key.id), part))
    return None if reason is None else KeptItem(item.kind.partition(".")[2], item.key.id, part, reason)


def text_of(key: Key) -> str | None:
    return None if key.part is None else str(key.part)


def mark_of(block: Block) -> str:
    """The same items at the same versions are the same step."""
    told = [(str(item.key.id), text_of(item.key), item.version) for _, items in block for item in items]
    return hashlib.sha256(repr(told).encode()).hexdigest()


@command
async def begin_undo(store: EventStore, call: Call, correlation_id: UUID, undo_id: UUID) -> Saved:
    async with store.turn(call, undo_id):
        undo = await store.find(BulkUndo, undo_id, call.tenant_id)
        undo = undo or BulkUndo(id=undo_id, tenant_id=call.tenant_id, undone_id=correlation_id, timestamp=call.now)
        return await store.save(undo, call=call)


@command
async def undo_block(store: EventStore, call: Call, kind: str, block: Block, before: Mapping[Key, Any]) -> Saved:
    """Replies with what was refused. Whatever was changed since the plan was made stays."""
    ids = [id for id, _ in block]
    async with store.turn(call, *ids):
        found = await store.get_many(TYPES[kind], ids, call.tenant_id)
        taken = [claim for each in found.values() if isinstance(each, ClassMeeting) for claim in Occupancy.of(each).all]
        refused: list[tuple[str, str | None, str]] = []
        for id, items in block:
            for item in items:
                reason = undone(found[id], item, before[item.key], call)
                if reason is not None:
                    refused.append((str(id), text_of(item.key), reason))
        changed = [each for each in found.values() if each.pending_events]
        reply: dict[str, object] = {"refused": refused}
        if kind == ClassMeeting.TOPIC:
            meetings = [each for each in changed if isinstance(each, ClassMeeting)]
            return await save_meetings(store, call, meetings, taken, reply=reply)
        return await store.save(*changed, call=call, reply=reply)


def undone(aggregate: Aggregate, item: Item, before: Any, call: Call) -> str | None:
    """Why not. Another undo of the same may have been quicker: then nothing is left to do."""
    unchanged = aggregate.version - len(aggregate.pending_events) == item.version
    tried = aggregate if unchanged else deepcopy(aggregate)
    try:
        revert(tried, item.key.part, before, call.now)
    except DomainError as error:
        return error.code if unchanged else "changed-since"
    return None if unchanged or tried.version == aggregate.version else "changed-since"


@command
async def finish_undo(store: EventStore, call: Call, undo_id: UUID, undone: int, kept: Sequence[KeptItem]) -> Saved:
    return await store.change(BulkUndo, undo_id, lambda undo: undo.finish(undone, kept, call.now), call=call)


def blocks_of(items: Sequence[Item]) -> Iterator[tuple[str, Block]]:
    """Of one kind each, users before what they use."""
    whole = list(aggregates_of(items))
    for kind in KINDS:
        block: list[tuple[UUID, list[Item]]] = []
        for id, found in whole:
            if found[0].kind == kind:
                block.append((id, found))
            if sum(len(each) for _, each in block) >= MANY:
                yield kind, block
                block = []
        if block:
            yield kind, block
