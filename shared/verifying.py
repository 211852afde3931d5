"""Verifying a build: a fold of the whole history, up to the same place, must give the same rows."""

import secrets
from collections.abc import Mapping
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from shared.builds import Build, make_tables, start_positions
from shared.chain import follow
from shared.codec import Codec
from shared.database import Connection
from shared.filling import Filling
from shared.history import History, log_until, topic_until
from shared.parking import Parking
from shared.positions import load_places
from shared.tables import Table, identifiers

Sums = Mapping[tuple[str, UUID], tuple[int, int]]
"""(table, tenant) → number of rows, checksum."""


class Difference(NamedTuple):
    table: str
    tenant_id: UUID
    build: tuple[int, int] | None
    fold: tuple[int, int] | None


async def verify(
    connection: Connection, service: str, codec: Codec, build: Build, generation: int, kafka: str
) -> list[Difference]:
    """What differs between a build and a fold of its source; nothing when all is well. Facts parked for the build
    are parked for the fold, too, so that they count as differences only once they were applied."""
    source = build.view.SOURCE
    async with connection.transaction():
        await connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        places = (await load_places(connection, source, generation, [build.schema]))[build.schema]
        found = await checksums(connection, build.schema, build.view.TABLES)
    schema = f"{service}_verify_{build.view.NAME}_{secrets.token_hex(4)}"
    scratch = Build(build.number, build.view, schema, False)
    try:
        async with connection.transaction():
            await make_tables(connection, service, build.view, schema)
            await start_positions(connection, service, schema, source, generation)
        history = (
            log_until(connection, places[0]) if source == service else topic_until(kafka, source, generation, places)
        )
        await fold(connection, codec, scratch, generation, history)
        expected = await checksums(connection, schema, build.view.TABLES)
    finally:
        await connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        await connection.execute("DELETE FROM positions WHERE consumer = %s", (schema,))
        await connection.execute("DELETE FROM parked WHERE consumer = %s", (schema,))
    return [
        Difference(*key, found.get(key), expected.get(key))
        for key in sorted(found.keys() | expected.keys())
        if found.get(key) != expected.get(key)
    ]


async def fold(connection: Connection, codec: Codec, scratch: Build, generation: int, history: History) -> None:
    source = scratch.view.SOURCE
    filling = Filling(codec, connection, Parking(source, generation), source, generation, [scratch])
    places = await load_places(connection, source, generation, [scratch.schema])
    async for records in history:
        followed = {scratch.schema: follow(places[scratch.schema], records)}
        await filling.apply(followed, places)
        places[scratch.schema] = {**places[scratch.schema], **followed[scratch.schema].places}


async def checksums(connection: Connection, schema: str, tables: tuple[Table, ...]) -> Sums:
    """Hashed by the server: comparable within one server version only."""
    sums: dict[tuple[str, UUID], tuple[int, int]] = {}
    for table in tables:
        cursor = await connection.execute(
            sql.SQL(
                "SELECT tenant_id, count(*), sum(hashtextextended(ROW({})::text, 0))::numeric FROM {} GROUP BY 1"
            ).format(identifiers(tuple(table.columns)), sql.Identifier(schema, table.name))
        )
        for tenant_id, count, checksum in await cursor.fetchall():
            sums[table.name, tenant_id] = (count, int(checksum))
    return sums
