"""Builds of views: a schema and a position each; one is live. Going live is the flip of a pointer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import sql

from shared.database import Connection
from shared.records import PARTITIONS
from shared.tables import identifiers
from shared.views import View


class BehindLive(Exception):
    """The build has not come as far as the live one: flipping would show the past."""


@dataclass(frozen=True)
class Build:
    number: int
    view: type[View]
    schema: str
    live: bool

    @property
    def consumer(self) -> str:
        return self.schema


async def builds_of(connection: Connection, views: Iterable[type[View]]) -> list[Build]:
    """All builds of these views in their present versions."""
    known = {(view.NAME, view.VERSION): view for view in views}
    cursor = await connection.execute("SELECT build, view, version, schema, live FROM builds ORDER BY build")
    return [
        Build(number, known[name, version], schema, live)
        for number, name, version, schema, live in await cursor.fetchall()
        if (name, version) in known
    ]


async def make_build(connection: Connection, service: str, view: type[View], generation: int) -> Build:
    """An empty build with its tables, indexes, policies and positions at 0."""
    async with connection.transaction():
        cursor = await connection.execute(
            "INSERT INTO builds (view, version, schema) VALUES (%s, %s, gen_random_uuid()::text) RETURNING build",
            (view.NAME, view.VERSION),
        )
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101
        number: int = row[0]
        schema = f"{service}_views_{view.NAME}_{number}"
        await connection.execute("UPDATE builds SET schema = %s WHERE build = %s", (schema, number))
        await make_tables(connection, service, view, schema)
        await start_positions(connection, service, schema, view.SOURCE, generation)
    return Build(number, view, schema, False)


async def make_tables(connection: Connection, service: str, view: type[View], schema: str) -> None:
    name = sql.Identifier(schema)
    api, worker = sql.Identifier(f"{service}_api"), sql.Identifier(f"{service}_worker")
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    await connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}, analyst").format(name, api))
    for table in view.TABLES:
        for statement in table.ddl(schema):
            await connection.execute(statement)
        values: dict[str, Any] = {
            "table": sql.Identifier(schema, table.name),
            "api": api,
            "worker": worker,
            "grants": sql.Identifier(service, "analyst_grants"),
        }
        for text in (
            "ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            "ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            "CREATE POLICY tenant ON {table} TO {api}"
            " USING (tenant_id = (SELECT current_setting('rollbook.tenant')::uuid))",
            "CREATE POLICY worker ON {table} TO {worker} USING (true) WITH CHECK (true)",
            "CREATE POLICY analyst ON {table} TO analyst"
            " USING (tenant_id IN (SELECT g.tenant_id FROM {grants} g WHERE g.role = current_user))",
            "GRANT SELECT ON {table} TO {api}, analyst",
        ):
            await connection.execute(sql.SQL(text).format(**values))


async def start_positions(connection: Connection, service: str, consumer: str, source: str, generation: int) -> None:
    """Rows at position 0 for every partition of the source; existing ones stay."""
    partitions = [0] if source == service else list(range(PARTITIONS))
    await connection.execute(
        "INSERT INTO positions (consumer, source, generation, partition, position)"
        " SELECT %s, %s, %s, n, 0 FROM unnest(%s::int[]) n ON CONFLICT DO NOTHING",
        (consumer, source, generation, partitions),
    )


async def ensure_builds(
    connection: Connection, service: str, views: Iterable[type[View]], generation: int
) -> list[Build]:
    """Every view version has a build that follows this generation of its source. The newest lone one goes live."""
    views = tuple(views)
    for view in views:
        cursor = await connection.execute(
            "SELECT 1 FROM builds b JOIN positions p ON p.consumer = b.schema"
            " WHERE b.view = %s AND b.version = %s AND p.source = %s AND p.generation = %s",
            (view.NAME, view.VERSION, view.SOURCE, generation),
        )
        if await cursor.fetchone() is None:
            await make_build(connection, service, view, generation)
    return await builds_of(connection, views)


async def flip(connection: Connection, service: str, build: Build) -> None:
    """Makes a build the live one of its view version. Raises BehindLive; alters no table, waits for no reader."""
    async with connection.transaction():
        cursor = await connection.execute(
            "SELECT count(*) FROM positions old JOIN positions new USING (source, generation, partition)"
            " JOIN builds b ON b.schema = old.consumer AND b.live AND b.view = %s AND b.version = %s"
            " WHERE new.consumer = %s AND new.position < old.position",
            (build.view.NAME, build.view.VERSION, build.schema),
        )
        row = await cursor.fetchone()
        if row is not None and row[0]:
            raise BehindLive(build.schema)
        await connection.execute(
            "UPDATE builds SET live = false WHERE view = %s AND version = %s AND live",
            (build.view.NAME, build.view.VERSION),
        )
        await connection.execute("UPDATE builds SET live = true, ready = true WHERE build = %s", (build.number,))
        await _point_analysts(connection, service, build)


async def _point_analysts(connection: Connection, service: str, build: Build) -> None:
    """The stable SQL views that analysts query show the live build, with their own rights."""
    folder = f"{service}_views"
    await connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(folder)))
    await connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO analyst").format(sql.Identifier(folder)))
    for table in build.view.TABLES:
        name = sql.Identifier(folder, table.name)
        await connection.execute(sql.SQL("DROP VIEW IF EXISTS {}").format(name))
        await connection.execute(
            sql.SQL("CREATE VIEW {} WITH (security_invoker = true) AS SELECT {} FROM {}").format(
                name, identifiers(tuple(table.columns)), sql.Identifier(build.schema, table.name)
            )
        )
        await connection.execute(sql.SQL("GRANT SELECT ON {} TO analyst").format(name))


async def drop_build(connection: Connection, build: Build) -> None:
    """Forgets a build that is not live. Raises ValueError for the live one."""
    async with connection.transaction():
        cursor = await connection.execute(
            "DELETE FROM builds WHERE build = %s AND NOT live RETURNING build", (build.number,)
        )
        if await cursor.fetchone() is None:
            raise ValueError(f"{build.schema} is live")
        await connection.execute("DELETE FROM positions WHERE consumer = %s", (build.schema,))
        await connection.execute("DELETE FROM parked WHERE consumer = %s", (build.schema,))
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(build.schema)))
