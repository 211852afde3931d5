"""The history and hash chains of a live store as the verifier reads them: streamed, from one snapshot."""

import itertools
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from uuid import UUID

from infra.verifier.verify_chain import FORMAT, Checkpoint, Entry, Event, Header, Place, line_of
from shared.database import Connection, scalar

PAGE = 1_000
NAMES = itertools.count(1)
SINCE_1970 = 946_684_800_000_000
EVENTS = (
    "SELECT notification_id, tenant_id, originator_id, originator_version, topic, timestamptz_send(recorded_at), state"
    " FROM events WHERE %(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s ORDER BY notification_id"
)
ENTRIES = (
    "SELECT position, tenant_id, previous, event_hash, chain_hash"
    " FROM hash_chain WHERE %(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s ORDER BY position"
)
CHECKPOINTS = (
    "SELECT position, tenant_id, chain_hash, timestamptz_send(made_at), key_id, signature"
    " FROM hash_chain_checkpoints WHERE %(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s ORDER BY position"
)
NEWEST = (
    "SELECT DISTINCT ON (tenant_id) position, tenant_id, chain_hash, timestamptz_send(made_at), key_id, signature"
    " FROM hash_chain_checkpoints ORDER BY tenant_id, position DESC"
)


class Row(NamedTuple):
    """Of one of the three tables, or a checkpoint kept outside."""

    position: int
    tenant_id: UUID
    what: Event | Entry | Checkpoint


@asynccontextmanager
async def snapshot(connection: Connection) -> AsyncIterator[int]:
    """Everything is read as of one moment; the position that the hash chain has come to."""
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        await connection.execute("SET LOCAL idle_in_transaction_session_timeout = '600s'")
        yield int(await scalar(connection, "SELECT coalesce(max(position), 0) FROM hash_chain"))


async def history(
    connection: Connection, service: str, tenant_id: UUID | None, outside: Iterable[Checkpoint] = ()
) -> AsyncIterator[tuple[UUID, Place | Checkpoint]]:
    """What stands at each position, in order, then its checkpoints. To be called in a snapshot."""
    events = (
        Row(position, tenant, Event(aggregate, version, topic, since_1970(time), state))
        async for position, tenant, aggregate, version, topic, time, state in rows(connection, EVENTS, tenant_id)
    )
    entries = (
        Row(position, tenant, Entry(*entry)) async for position, tenant, *entry in rows(connection, ENTRIES, tenant_id)
    )
    checkpoints = (
        Row(place, tenant, Checkpoint(place, service, tenant, chain_hash, since_1970(time), key_id, signature))
        async for place, tenant, chain_hash, time, key_id, signature in rows(connection, CHECKPOINTS, tenant_id)
    )
    kept = sorted(
        Row(point.position, point.tenant_id, point)
        for point in outside
        if point.service == service and tenant_id in (None, point.tenant_id)
    )
    here: list[Row] = []
    async for row in merged(events, entries, checkpoints, stream_of(kept)):
        if here and here[0].position != row.position:
            for one in standing(here):
                yield one
            here = []
        here.append(row)
    for one in standing(here):
        yield one


async def copy_of(connection: Connection, service: str, tenant_id: UUID) -> AsyncIterator[bytes]:
    """The lines of a copy; what is not chained yet is left out."""
    async with snapshot(connection) as head:
        yield line_of(Header(FORMAT, service, tenant_id)) + b"\n"
        async for _, what in history(connection, service, tenant_id):
            if isinstance(what, Checkpoint) or what.entry or what.position <= head:
                yield line_of(what) + b"\n"


async def newest_checkpoints(connection: Connection, service: str) -> AsyncIterator[Checkpoint]:
    """One of each tenant. To be called in a snapshot."""
    async for place, tenant, chain_hash, time, key_id, signature in rows(connection, NEWEST, None):
        yield Checkpoint(place, service, tenant, chain_hash, since_1970(time), key_id, signature)


def standing(rows: Sequence[Row]) -> Iterator[tuple[UUID, Place | Checkpoint]]:
    """The rows of one position, tenant by tenant."""
    for tenant_id in dict.fromkeys(row.tenant_id for row in rows):
        own = [row.what for row in rows if row.tenant_id == tenant_id]
        events = [what for what in own if isinstance(what, Event)]
        entries = [what for what in own if isinstance(what, Entry)]
        for event, entry in itertools.zip_longest(events, entries):
            yield tenant_id, Place(rows[0].position, event, entry)
        yield from ((tenant_id, what) for what in own if isinstance(what, Checkpoint))


async def merged(*streams: AsyncIterator[Row]) -> AsyncIterator[Row]:
    """In order of position."""
    heads = [await anext(stream, None) for stream in streams]
    while waiting := [(head.position, number) for number, head in enumerate(heads) if head]:
        number = min(waiting)[1]
        if head := heads[number]:
            yield head
        heads[number] = await anext(streams[number], None)


async def stream_of(kept: Iterable[Row]) -> AsyncIterator[Row]:
    for row in kept:
        yield row


async def rows(connection: Connection, query: str, tenant_id: UUID | None) -> AsyncIterator[tuple[Any, ...]]:
    async with connection.cursor(name=f"rows {next(NAMES)}", binary=True) as cursor:
        cursor.itersize = PAGE
        await cursor.execute(query.encode(), {"tenant": tenant_id})
        async for row in cursor:
            yield row


def since_1970(time: bytes) -> int:
    """As sent by PostgreSQL: it knows times (infinity) that Python does not."""
    return int.from_bytes(time, "big", signed=True) + SINCE_1970
