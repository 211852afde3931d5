"""What the stores, views and topics of the town hold, read past the product: the superuser sees everything."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as Partition
from psycopg import sql

from shared.database import Connection
from shared.envelope import readable
from shared.records import PARTITIONS, Record, partition_of
from shared.topics import events_topic
from tests.faults.town.poison import parsable
from tests.faults.town.town import SERVICES, Town


class Stored(NamedTuple):
    position: int
    tenant_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    state: bytes

    @property
    def data(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads(parsable(self.state))["data"]
        return data


@dataclass
class Consumer:
    service: str
    name: str
    source: str
    positions: dict[int, int]


@asynccontextmanager
async def reading(town: Town) -> AsyncIterator[Connection]:
    async with await psycopg.AsyncConnection.connect(town.superuser, autocommit=True) as connection:
        yield connection


async def log_of(connection: Connection, service: str) -> list[Stored]:
    cursor = await connection.execute(
        sql.SQL(
            "SELECT notification_id, tenant_id, originator_id, originator_version, topic, state"
            " FROM {}.events ORDER BY notification_id"
        ).format(sql.Identifier(service))
    )
    return [Stored(*row) for row in await cursor.fetchall()]


async def consumers_of(connection: Connection) -> list[Consumer]:
    """Builds and reactions of both services, with their positions."""
    found: dict[tuple[str, str, str], Consumer] = {}
    for service in SERVICES:
        cursor = await connection.execute(
            sql.SQL("SELECT consumer, source, partition, position FROM {}.positions").format(sql.Identifier(service))
        )
        for name, source, partition, position in await cursor.fetchall():
            one = found.setdefault((service, name, source), Consumer(service, name, source, {}))
            one.positions[partition] = position
    return list(found.values())


async def live_build(connection: Connection, service: str, view: str) -> str:
    cursor = await connection.execute(
        sql.SQL("SELECT schema FROM {}.builds WHERE view = %s AND live").format(sql.Identifier(service)), (view,)
    )
    row = await cursor.fetchone()
    assert row is not None, f"{service}.{view} has no live build"
    return str(row[0])


async def not_live(connection: Connection) -> list[str]:
    """Views of which no build is live yet."""
    late: list[str] = []
    for service in SERVICES:
        cursor = await connection.execute(
            sql.SQL("SELECT view FROM {}.builds GROUP BY 1 HAVING NOT bool_or(live)").format(sql.Identifier(service))
        )
        late += [f"{service}: no build of {view} is live" for (view,) in await cursor.fetchall()]
    return late


async def sums_of(connection: Connection, service: str, view: str, table: str) -> dict[UUID, tuple[int, int]]:
    """tally → (counts, total), as the live build has it."""
    schema = await live_build(connection, service, view)
    cursor = await connection.execute(
        sql.SQL("SELECT tally_id, counts, total FROM {}").format(sql.Identifier(schema, table))
    )
    return {tally: (counts, int(total)) for tally, counts, total in await cursor.fetchall()}


async def parked_of(connection: Connection, tenants: Iterable[UUID]) -> list[tuple[str, int, str]]:
    """(consumer, position, error class) of whatever these tenants have parked."""
    found: list[tuple[str, int, str]] = []
    for service in SERVICES:
        cursor = await connection.execute(
            sql.SQL(
                "SELECT consumer, position, error_class FROM {}.parked WHERE tenant_id = ANY(%s) ORDER BY 1, 2"
            ).format(sql.Identifier(service)),
            (list(tenants),),
        )
        found += await cursor.fetchall()
    return found


class Parked(NamedTuple):
    tenant_id: UUID
    consumer: str
    position: int
    error_class: str


async def parked_in(connection: Connection, service: str) -> list[Parked]:
    """Everything that a service has parked, in order."""
    cursor = await connection.execute(
        sql.SQL("SELECT tenant_id, consumer, position, error_class FROM {}.parked ORDER BY 2, 1, 3").format(
            sql.Identifier(service)
        )
    )
    return [Parked(*row) for row in await cursor.fetchall()]


async def ends_of(connection: Connection, service: str) -> dict[int, int]:
    """partition → position of its last event, by the store."""
    cursor = await connection.execute(
        sql.SQL("SELECT tenant_id, max(notification_id) FROM {}.events GROUP BY 1").format(sql.Identifier(service))
    )
    ends: dict[int, int] = {}
    for tenant_id, position in await cursor.fetchall():
        partition = partition_of(tenant_id)
        ends[partition] = max(position, ends.get(partition, 0))
    return ends


Ends = Mapping[str, Mapping[int, int]]


async def all_ends(connection: Connection) -> Ends:
    return {service: await ends_of(connection, service) for service in SERVICES}


async def behind(connection: Connection, passed_by: Iterable[str] = (), ends: Ends | None = None) -> list[str]:
    """Consumers that have not come to the end of their source; `passed_by` are not waited for."""
    ends = ends or await all_ends(connection)
    late = []
    for one in await consumers_of(connection):
        if one.name in passed_by:
            continue
        if one.service == one.source:
            if one.positions.get(0, 0) < max(ends[one.source].values(), default=0):
                late.append(f"{one.service}: {one.name}")
        else:
            missing = [n for n, end in ends[one.source].items() if one.positions.get(n, 0) < end]
            late += [f"{one.service}: {one.name} in {missing}"] if missing else []
    return late


async def quiet(town: Town, within: float = 60.0, passed_by: Iterable[str] = ()) -> float:
    """Seconds until every consumer has come to the end of its source, twice in a row: reactions store more."""
    began = time.monotonic()
    calm = 0
    late: list[str] = []
    while calm < 2:
        try:
            async with reading(town) as connection:
                late = await behind(connection, passed_by) or await not_live(connection)
        except psycopg.OperationalError as error:
            late = [str(error)]
        calm = 0 if late else calm + 1
        if time.monotonic() - began > within:
            raise AssertionError(f"still behind after {within:g} s: {late}")
        await asyncio.sleep(0.1)
    return time.monotonic() - began


async def passed(town: Town, within: float = 60.0) -> float:
    """Seconds until every consumer has passed what was stored when this was asked: also under load."""
    began = time.monotonic()
    async with reading(town) as connection:
        ends = await all_ends(connection)
        while late := await behind(connection, ends=ends):
            if time.monotonic() - began > within:
                raise AssertionError(f"still behind after {within:g} s: {late}")
            await asyncio.sleep(0.05)
    return time.monotonic() - began


async def records_of(town: Town, service: str, generation: int = 1) -> list[Record]:
    """Everything in the topic, partition by partition, in the order of offsets."""
    partitions = [Partition(events_topic(service, generation), n) for n in range(PARTITIONS)]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=town.kafka, enable_auto_commit=False, auto_offset_reset="earliest", fetch_max_wait_ms=20
    )
    await consumer.start()
    try:
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        await consumer.seek_to_beginning(*partitions)
        found: list[Record] = []
        for partition in partitions:
            while await consumer.position(partition) < ends[partition]:
                async with asyncio.timeout(20):
                    batches = await consumer.getmany(partition, timeout_ms=1_000)
                found += [r for batch in batches.values() for m in batch if (r := readable(m)) is not None]
        return found
    finally:
        await consumer.stop()
