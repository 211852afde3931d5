"""Builds of views: a schema and a position each; one is live. Going live is the flip of a pointer."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from shared.database import Connection
from shared.errors import NotFound, Refused
from shared.records import PARTITIONS
from shared.tables import Table, identifiers
from shared.views import View

log = logging.getLogger(__name__)


class BuildUnknown(NotFound):
    """There is no such build."""


class BehindLive(Refused):
    """The build has not come as far as the live one: wait until it has."""


class BuildLive(Refused):
    """The build is live: make another one live first."""


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


async def make_tables(
    connection: Connection, service: str, view: type[View], schema: str, *, indexed: bool = True
) -> None:
    name = sql.Identifier(schema)
    api, worker = sql.Identifier(f"{service}_api"), sql.Identifier(f"{service}_worker")
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    await connection.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}, analyst").format(name, api))
    for table in view.TABLES:
        for statement in table.ddl(schema) if indexed else [table.bare(schema)]:
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
        if not await _following(connection, [view], generation):
            await make_build(connection, service, view, generation)
    return await _following(connection, views, generation)


async def _following(connection: Connection, views: Iterable[type[View]], generation: int) -> list[Build]:
    """Builds of another generation show a history that was cut: nobody follows them."""
    cursor = await connection.execute("SELECT consumer, source FROM positions WHERE generation = %s", (generation,))
    places = set(await cursor.fetchall())
    return [build for build in await builds_of(connection, views) if (build.schema, build.view.SOURCE) in places]


async def flip(connection: Connection, service: str, build: Build) -> None:
    """Makes a build the live one of its view version, also for analysts. Raises BehindLive, BuildUnknown."""
    await make_live(connection, build)
    await point_analysts(connection, service, [build])


async def make_live(connection: Connection, build: Build) -> None:
    """Alters no table, waits for no reader."""
    async with connection.transaction():
        await connection.execute("LOCK TABLE positions IN SHARE ROW EXCLUSIVE MODE")
        cursor = await connection.execute(
            "SELECT count(*) FROM positions old JOIN positions new USING (source, generation, partition)"
            " JOIN builds b ON b.schema = old.consumer AND b.live AND b.view = %s AND b.version = %s"
            " WHERE new.consumer = %s AND new.position < old.position",
            (build.view.NAME, build.view.VERSION, build.schema),
        )
        row = await cursor.fetchone()
        if row is not None and row[0]:
            raise BehindLive(f"{build.schema} has not come as far as the live build: wait until it has.")
        await connection.execute(
            "UPDATE builds SET live = false WHERE view = %s AND version = %s AND live",
            (build.view.NAME, build.view.VERSION),
        )
        cursor = await connection.execute(
            "UPDATE builds SET live = true, ready = true WHERE build = %s", (build.number,)
        )
        if cursor.rowcount != 1:
            raise BuildUnknown(f"{build.schema} is gone.")


async def point_analysts(connection: Connection, service: str, builds: Iterable[Build]) -> None:
    """The stable SQL views that analysts query show the live build of the newest version, with their own rights.

    One that somebody is using just now is left as it is: the worker comes back to it."""
    folder = f"{service}_views"
    cursor = await connection.execute(
        "SELECT DISTINCT ON (view) schema FROM builds WHERE live ORDER BY view, version DESC"
    )
    newest = {schema for (schema,) in await cursor.fetchall()}
    cursor = await connection.execute(
        "SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relnamespace = to_regnamespace(%s)",
        (folder,),
    )
    shown: dict[str, str | None] = dict(await cursor.fetchall())
    for build in builds:
        for table in build.view.TABLES:
            if build.schema in newest and shown.get(table.name) != build.schema:
                try:
                    await _point(connection, folder, build.schema, table)
                except psycopg.Error as error:
                    log.warning("%s.%s still shows another build: %s", folder, table.name, type(error).__name__)


async def _point(connection: Connection, folder: str, schema: str, table: Table) -> None:
    names = {
        "folder": sql.Identifier(folder),
        "view": sql.Identifier(folder, table.name),
        "columns": identifiers(tuple(table.columns)),
        "table": sql.Identifier(schema, table.name),
        "schema": sql.Literal(schema),
    }
    async with connection.transaction():
        for statement in (
            "SET LOCAL lock_timeout = '200ms'",
            "CREATE SCHEMA IF NOT EXISTS {folder}",
            "GRANT USAGE ON SCHEMA {folder} TO analyst",
            "DROP VIEW IF EXISTS {view}",
            "CREATE VIEW {view} WITH (security_invoker = true) AS SELECT {columns} FROM {table}",
            "COMMENT ON VIEW {view} IS {schema}",
            "GRANT SELECT ON {view} TO analyst",
        ):
            await connection.execute(sql.SQL(statement).format(**names))


async def drop_build(connection: Connection, build: Build) -> None:
    """Forgets a build that is not live. Raises BuildLive, BuildUnknown."""
    async with connection.transaction():
        cursor = await connection.execute("DELETE FROM builds WHERE build = %s RETURNING live", (build.number,))
        row = await cursor.fetchone()
        if row is None:
            raise BuildUnknown(f"{build.schema} is gone.")
        if row[0]:
            raise BuildLive(f"{build.schema} is live: make another build live first.")
        await connection.execute("DELETE FROM positions WHERE consumer = %s", (build.schema,))
        await connection.execute("DELETE FROM parked WHERE consumer = %s", (build.schema,))
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(build.schema)))
