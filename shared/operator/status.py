"""How a running service stands: its log, relay, consumers, leaders. Read with the worker's role, for operators."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from shared.chain import Place
from shared.database import Connection
from shared.leader import label_of, lock_of
from shared.service import Service, follower_of, roles_of
from shared.tails import Tail, tails_of
from shared.topics import events_topic

Ends = Mapping[str, Mapping[int, Tail]]
"""source → partition → where it ends. Sources that could not be asked are missing."""
MIGRATING, APPENDING = 2, 1
"""The first number of the locks that no leader holds."""


@dataclass(frozen=True)
class Log:
    """`connections` by role. `waiting`: appends that wait for the log's lock."""

    generation: int
    head: int
    newest: datetime | None
    connections: Mapping[str, int]
    waiting: int


@dataclass(frozen=True)
class RelayLag:
    """`oldest`: for how many seconds the oldest event that is not published yet has been stored."""

    position: int
    behind: int
    oldest: float


@dataclass(frozen=True)
class Consumer:
    """`behind` is None when the end of the source is not known."""

    name: str
    kind: Literal["view", "reaction", "verification"]
    source: str
    live: bool
    behind: int | None
    parked: int


@dataclass(frozen=True)
class Leader:
    """`process` names itself: its id and host."""

    role: str
    process: str
    address: str | None
    connection: int
    since: datetime


@dataclass(frozen=True)
class Status:
    service: str
    log: Log
    relay: RelayLag
    consumers: tuple[Consumer, ...]
    leaders: tuple[Leader, ...]


class Row(NamedTuple):
    """A position, with what the database knows of its consumer."""

    consumer: str
    source: str
    partition: int
    place: Place
    build: int | None
    live: bool
    reaction: bool


async def status_of(connection: Connection, service: Service, ends: Ends) -> Status:
    log = await log_of(connection, service.name)
    rows = await _positions(connection)
    consumers = tuple(await _consumers(connection, rows, {service.name: log.head}, ends))
    leaders = tuple(await leaders_of(connection, service, {row.consumer for row in rows}))
    return Status(service.name, log, await relay_lag(connection, log), consumers, leaders)


async def source_ends(connection: Connection, service: Service, kafka: str) -> Ends:
    """Where the foreign sources end, in the generations that are read."""
    cursor = await connection.execute("SELECT source, max(generation) FROM positions GROUP BY 1")
    read: dict[str, int] = {source: number for source, number in await cursor.fetchall() if source != service.name}
    tails = await asyncio.gather(*(tails_of(kafka, events_topic(source, number)) for source, number in read.items()))
    return dict(zip(read, tails, strict=True))


async def log_of(connection: Connection, service: str) -> Log:
    cursor = await connection.execute(
        "SELECT (SELECT generation FROM event_log), log_head(),"
        " (SELECT recorded_at FROM events WHERE notification_id = log_head()),"
        " (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = %s"
        " AND objid = %s::regnamespace::oid AND NOT granted)",
        (APPENDING, service),
    )
    generation, head, newest, waiting = (await cursor.fetchall())[0]
    cursor = await connection.execute(
        "SELECT usename::text, count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND usename = ANY(%s) GROUP BY 1 ORDER BY 1",
        ([f"{service}_api", f"{service}_worker"],),
    )
    return Log(generation, head, newest, dict(await cursor.fetchall()), waiting)


async def relay_lag(connection: Connection, log: Log) -> RelayLag:
    cursor = await connection.execute("SELECT position FROM relay WHERE generation = %s", (log.generation,))
    row = await cursor.fetchone()
    position = 0 if row is None else row[0]
    cursor = await connection.execute(
        "SELECT extract(epoch FROM clock_timestamp() - recorded_at)::float8 FROM events WHERE notification_id = %s",
        (position + 1,),
    )
    oldest = await cursor.fetchone()
    return RelayLag(position, log.head - position, 0.0 if oldest is None else oldest[0])


async def leaders_of(connection: Connection, service: Service, consumers: Iterable[str]) -> list[Leader]:
    """Who holds which role now. Backends of the same process hold a lock for each consumer that they follow, too."""
    known = {lock_of(role) % 2**32: label_of(role) for role in roles_of(service)}
    known |= {lock_of(follower_of(name)) % 2**32: follower_of(name) for name in consumers}
    cursor = await connection.execute(
        "SELECT l.classid::bigint, coalesce(nullif(a.application_name, ''), 'unnamed'), a.client_addr::text, l.pid,"
        " a.backend_start FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.objid = %s::regnamespace::oid"
        " AND l.classid NOT IN (%s, %s) AND a.datname = current_database()",
        (service.name, MIGRATING, APPENDING),
    )
    leaders = [Leader(known.get(number, "of another release"), *facts) for number, *facts in await cursor.fetchall()]
    return sorted(leaders, key=lambda leader: leader.role)


async def _positions(connection: Connection) -> list[Row]:
    """Of the newest generation of each source: nobody reads an older one."""
    cursor = await connection.execute(
        "SELECT p.consumer, p.source, p.partition, p.position, p.kafka_offset, b.build, coalesce(b.live, false),"
        " r.name IS NOT NULL FROM positions p LEFT JOIN builds b ON b.schema = p.consumer"
        " LEFT JOIN reactions r ON r.name = p.consumer"
        " WHERE (p.source, p.generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1)"
        " ORDER BY p.source, p.consumer, p.partition"
    )
    return [
        Row(consumer, source, partition, Place(position, offset), build, live, reaction)
        for consumer, source, partition, position, offset, build, live, reaction in await cursor.fetchall()
    ]


async def _consumers(
    connection: Connection, rows: Iterable[Row], heads: Mapping[str, int], ends: Ends
) -> list[Consumer]:
    cursor = await connection.execute(
        "SELECT consumer, source, count(*) FROM parked"
        " WHERE (source, generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1) GROUP BY 1, 2"
    )
    parked = {(consumer, source): number for consumer, source, number in await cursor.fetchall()}
    grouped: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        grouped.setdefault((row.consumer, row.source), []).append(row)
    return [
        Consumer(
            name,
            "view" if own[0].build is not None else "reaction" if own[0].reaction else "verification",
            source,
            own[0].live,
            _behind(own, heads.get(source), ends.get(source)),
            parked.get((name, source), 0),
        )
        for (name, source), own in grouped.items()
    ]


def _behind(rows: Iterable[Row], head: int | None, ends: Mapping[int, Tail] | None) -> int | None:
    if head is not None:
        return sum(head - row.place.position for row in rows)
    return None if ends is None else sum(unread(row.place, ends[row.partition]) for row in rows)


def unread(place: Place, tail: Tail) -> int:
    """Records of a partition that a consumer has not come to: by offsets, so copies count, too."""
    return 0 if place.position >= tail.link.position else tail.end - 1 - place.offset
