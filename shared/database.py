"""PostgreSQL: roles and schema of a service, migrations, pools, and the settings without which nothing starts."""

import hashlib
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from importlib.resources import files
from typing import Any

import orjson
from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool

Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

TIMEOUTS = {"lock_timeout": "2s", "statement_timeout": "5s", "idle_in_transaction_session_timeout": "5s"}
LOGINS = ("owner", "api", "worker")
OWNERS = ("append", "stats")
"""Nobody logs in as one of these: each owns functions that do one thing with its rights."""
NOTICES: dict[str, Any] = {
    "autocommit": True,
    "connect_timeout": 2,
    "tcp_user_timeout": 10_000,
    "keepalives_idle": 2,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "fallback_application_name": f"rollbook {os.getpid()}@{socket.gethostname()}"[:63],
}
"""A server that went away without a word is noticed while something is sent, and while an answer is waited for. Who
looks at the server sees which process a connection belongs to."""
LEAST_VERSION = 15
"""Of PostgreSQL. Row-level security of SQL views (`security_invoker`) came with it."""

log = logging.getLogger(__name__)

set_json_loads(orjson.loads)


class UnsafeDatabase(Exception):
    """The server or its history is not what this service may run on. The message says what to do."""


async def provision(superuser_dsn: str, service: str, passwords: Mapping[str, str]) -> None:
    """Makes the service's roles (`passwords`: owner, api, worker), its schemas and its rights. Repeatable.

    Roles belong to the whole server, so that two of these at the same time would meet in its catalogue."""
    async with await AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute("LOCK TABLE pg_catalog.pg_authid IN SHARE ROW EXCLUSIVE MODE")
        await _make_role(connection, "analyst", None)
        for kind in OWNERS:
            await _make_role(connection, f"{service}_{kind}", None)
        for kind in LOGINS:
            await _make_role(connection, f"{service}_{kind}", passwords[kind])
        names = {kind: sql.Identifier(f"{service}_{kind}") for kind in (*LOGINS, *OWNERS)}
        schema = sql.Identifier(service)
        for statement in (
            "GRANT {append} TO {owner}",
            "GRANT pg_read_all_stats TO {stats}",
            "GRANT {stats} TO {owner} WITH INHERIT FALSE",
            "CREATE SCHEMA IF NOT EXISTS {schema} AUTHORIZATION {owner}",
            "GRANT USAGE ON SCHEMA {schema} TO {api}, {worker}, {append}, {stats}",
            "GRANT CREATE ON SCHEMA {schema} TO {append}, {stats}",
            "GRANT CREATE ON DATABASE {database} TO {worker}",
            "GRANT EXECUTE ON FUNCTION pg_current_wal_lsn(), pg_control_system() TO {owner}, {api}, {worker}",
        ):
            database = sql.Identifier(connection.info.dbname)
            await connection.execute(sql.SQL(statement).format(schema=schema, database=database, **names))
        for kind in LOGINS:
            for name, value in {**TIMEOUTS, "search_path": service}.items():
                await connection.execute(
                    sql.SQL("ALTER ROLE {} SET {} = {}").format(names[kind], sql.SQL(name), sql.Literal(value))
                )


async def _make_role(connection: Connection, role: str, password: str | None) -> None:
    known = await (await connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,))).fetchone()
    verb = sql.SQL("ALTER ROLE") if known else sql.SQL("CREATE ROLE")
    login = sql.SQL("NOLOGIN") if password is None else sql.SQL("LOGIN PASSWORD {}").format(sql.Literal(password))
    await connection.execute(sql.SQL("{} {} {}").format(verb, sql.Identifier(role), login))


async def migrate(owner_dsn: str, service: str) -> bool:
    """Runs the numbered SQL files that have not run yet, the kernel's before the service's own.

    True when the event log was made just now. Raises UnsafeDatabase when a file that ran was edited."""
    async with await AsyncConnection.connect(owner_dsn, autocommit=True) as connection:
        await connection.execute("SET lock_timeout = '60s'; SET statement_timeout = '300s'")
        await connection.execute("SELECT pg_advisory_lock(2, %s::regnamespace::oid::int)", (service,))
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (name text PRIMARY KEY, sha256 text NOT NULL,"
            " applied_at timestamptz NOT NULL DEFAULT clock_timestamp());"
        )
        cursor = await connection.execute("SELECT name, sha256 FROM migrations")
        applied: dict[str, str] = dict(await cursor.fetchall())
        for name, text in migration_files(service):
            digest = hashlib.sha256(text.encode()).hexdigest()
            if name not in applied:
                async with connection.transaction():
                    await connection.execute(text.replace("{service}", service).encode())
                    await connection.execute("INSERT INTO migrations (name, sha256) VALUES (%s, %s)", (name, digest))
            elif applied[name] != digest:
                raise UnsafeDatabase(f"The migration {name} of {service} was edited after it ran: restore the file.")
        return not applied


def migration_files(service: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for package in ("shared", service):
        folder = files(package) / "migrations"
        if folder.is_dir():
            paths = sorted((entry for entry in folder.iterdir() if entry.name.endswith(".sql")), key=lambda e: e.name)
            found += [(f"{package}/{path.name}", path.read_text()) for path in paths]
    return found


def check_version(connection: Connection) -> None:
    """Raises UnsafeDatabase."""
    if (number := connection.info.server_version // 10_000) < LEAST_VERSION:
        raise UnsafeDatabase(f"PostgreSQL {number} is too old: upgrade the server to {LEAST_VERSION} or newer.")


async def check_server(connection: Connection) -> int:
    """The generation of this log. Raises UnsafeDatabase when writing here could lose or fork history."""
    check_version(connection)
    hidden = [name for name in os.environ if name.endswith("POSTGRES_ENABLE_DB_FUNCTIONS")]
    if hidden:
        raise UnsafeDatabase(f"Remove {hidden[0]} from the environment: it makes readers miss events.")
    for setting in ("fsync", "full_page_writes", "synchronous_commit"):
        value = await scalar(connection, f"SHOW {setting}")
        if value == "off":
            raise UnsafeDatabase(f"PostgreSQL runs with {setting}=off: an acknowledged command could be lost.")
    if await scalar(connection, "SELECT pg_is_in_recovery()"):
        raise UnsafeDatabase("This PostgreSQL server is in recovery: connect to the primary.")
    cursor = await connection.execute(
        "SELECT generation, system_identifier = (pg_control_system()).system_identifier::text"
        " AND timeline_id = substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) FROM event_log"
    )
    row = await cursor.fetchone()
    if row is None or not row[1]:
        raise UnsafeDatabase(
            "The event log was written on another server or timeline: say `rollbook generation keep` when this is"
            " the same history, or `rollbook generation new` when history was cut."
        )
    return int(row[0])


async def scalar(connection: Connection, query: str, params: Any = None) -> Any:
    row = await (await connection.execute(query.encode(), params)).fetchone()
    return None if row is None else row[0]


async def connect(dsn: str, **options: Any) -> Connection:
    """A direct connection with the service's time limits; READ COMMITTED, autocommit."""
    settings = " ".join(f"-c {name}={value}" for name, value in options.items())
    return await AsyncConnection.connect(
        dsn, options=f"-c default_transaction_isolation=read\\ committed {settings}", **NOTICES
    )


@asynccontextmanager
async def open_pool(dsn: str, *, size: int = 4, refused: Callable[[], None] | None = None) -> AsyncIterator[Pool]:
    """Connections for reading; waiting for one is limited to a second. With `refused` each new one is checked, and
    it is called when the server that the pool comes back to is not safe or holds another history."""

    async def check(connection: Connection) -> None:
        try:
            await check_server(connection)
        except UnsafeDatabase as error:
            log.critical("%s", error)
            if refused is not None:
                refused()
            raise

    pool: Pool = AsyncConnectionPool(
        dsn,
        min_size=1,
        max_size=size,
        timeout=1.0,
        kwargs=NOTICES,
        configure=None if refused is None else check,
        open=False,
        check=None,
    )
    await pool.open()
    try:
        yield pool
    finally:
        await pool.close(timeout=10)
