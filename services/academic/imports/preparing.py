"""From a posted file to blocks that can be decided: read, checked against what the school has, cut."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from anyio import CapacityLimiter, to_thread

from academic.imports.blocks import Block, blocks_of
from academic.imports.oneroster.bundle import Bundle, read_bundle
from academic.imports.oneroster.references import check_references, outside
from academic.imports.oneroster.standins import gone
from academic.imports.sourced_things import SourcedThing
from academic.imports.things import CLASSES, COURSES, ORGS, SESSIONS
from academic.people.person import Person
from academic.source_ids import person_id
from shared.store import EventStore

T = TypeVar("T")

KINDS: dict[str, tuple[type[Any], Callable[[UUID, str], UUID]]] = {
    "orgs": (ORGS.type, ORGS.id),
    "academicSessions": (SESSIONS.type, SESSIONS.id),
    "courses": (COURSES.type, COURSES.id),
    "classes": (CLASSES.type, CLASSES.id),
    "users": (Person, person_id),
}
AT_ONCE = 500
READERS = CapacityLimiter(1)
"""One file at a time: a large one takes memory, and the threads leave the event loop its share of the CPU."""

InUse = Callable[[str], Awaitable[list[SourcedThing]]]


@dataclass(frozen=True)
class Prepared:
    bundle: Bundle
    blocks: tuple[Block, ...]


async def prepare(store: EventStore, tenant_id: UUID, path: Path, in_use: InUse | None) -> Prepared:
    """`in_use` tells what the school has of a file; with it, what a bulk file does not name any more is retired.

    Raises FileRefused."""
    bundle = await to_thread.run_sync(read_bundle, path, limiter=READERS)
    await _refuse_own_ids(store, tenant_id, bundle)
    wanted = await to_thread.run_sync(outside, bundle, limiter=READERS)
    known = {file: await _known(store, tenant_id, file, ids) for file, ids in wanted.items()}
    await to_thread.run_sync(check_references, bundle, known, limiter=READERS)
    if in_use is not None:
        for file in bundle.records:
            await _retire_missing(bundle, file, in_use)
    cut = partial(blocks_of, bundle, only_these_roles=in_use is not None and bundle.complete("roles"))
    blocks = await to_thread.run_sync(lambda: tuple(cut()), limiter=READERS)
    return Prepared(bundle, blocks)


async def _known(store: EventStore, tenant_id: UUID, file: str, source_ids: Iterable[str]) -> set[str]:
    kind, id_of = KINDS[file]
    known: set[str] = set()
    for some in _batches(source_ids):
        ids = {id_of(tenant_id, source_id): source_id for source_id in some}
        known.update(ids[id] for id in await store.get_many(kind, ids, tenant_id))
    return known


async def _refuse_own_ids(store: EventStore, tenant_id: UUID, bundle: Bundle) -> None:
    """A thing made here has its own id for a sourcedId: a row that uses it would be a second one of that id."""
    for file, (kind, _) in KINDS.items():
        records = bundle.records.get(file, {})
        for some in _batches(key for key in records if len(key) == 36):
            ids = {id: key for key in some if (id := _uuid(key)) is not None}
            for id in await store.get_many(kind, ids, tenant_id):
                text = "This id belongs to something that was not imported."
                bundle.refuse(file, records[ids[id]], "sourcedId", "source-id-taken", text)


async def _retire_missing(bundle: Bundle, file: str, in_use: InUse) -> None:
    if bundle.manifest.mode(file) != "bulk" or file == "roles":
        return
    if not bundle.complete(file):
        text = "The file has errors, so what it does not name is not retired."
        bundle.findings.warn(f"{file}.csv", 1, "", "missing-kept", text)
        return
    wanted = bundle.placeholders.get(file, {})
    for thing in await in_use(file):
        if thing.source_id not in bundle.seen[file] and thing.source_id not in wanted:
            bundle.records[file][thing.source_id] = gone(file, thing.source_id, thing.within)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(items)
    while some := list(islice(rest, AT_ONCE)):
        yield some
