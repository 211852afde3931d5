"""The doctor looks at the PostgreSQL server of a service: version, safety, clock, disk, migrations, connections."""

import hashlib
import shutil
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from psycopg import errors
from psycopg.conninfo import conninfo_to_dict

from infra.native.state import LEAST_SPACE, State, default_folder
from infra.operator.access import SERVICES, Name, NotConfigured, connected, dsn, service_of
from infra.operator.doctor_settings import settings_of
from infra.operator.findings import Finding, tried
from shared.budget import ROLLING, no_room, of_process, of_service, room_of
from shared.clock import time_of
from shared.database import Connection, check_server, check_version, migration_files, scalar

TESTED = 18
SKEW = (1.0, 30.0)
"""Seconds that two clocks may differ before it is a warning, and before tokens and due work go wrong."""
LOCAL = {"127.0.0.1", "::1", "localhost", ""}


async def check_postgres(name: Name) -> list[Finding]:
    async with connected(name) as connection:
        found = []
        for check, looked in (
            ("version", _version),
            ("server", _server),
            ("clock", _clock),
            ("disk", _disk),
            ("transport", _transport),
        ):
            found += await tried(check, partial(looked, connection))
        found += await tried("migrations", lambda: _migrations(connection, name))
        found += await tried("connections", lambda: _connections(connection, name))
        return found


async def _version(connection: Connection) -> list[Finding]:
    check_version(connection)
    number = connection.info.server_version // 10_000
    if number < TESTED:
        return [Finding("warn", "version", f"PostgreSQL {number}; it is tested with {TESTED}: upgrade when you can")]
    return [Finding("ok", "version", f"PostgreSQL {number}")]


async def _server(connection: Connection) -> list[Finding]:
    generation = await check_server(connection)
    found = [Finding("ok", "server", f"safe to write to, generation {generation}")]
    if await scalar(connection, "SHOW data_checksums") == "off":
        found.append(Finding("warn", "server", "data_checksums is off: a bad disk would not be noticed (pg_checksums)"))
    return found


async def _clock(connection: Connection) -> list[Finding]:
    """The server's time was taken somewhere within the round trip."""
    began, sent = time.monotonic(), datetime.now(UTC)
    theirs = await time_of(connection)
    trip = time.monotonic() - began
    return [skew("clock", "PostgreSQL's clock", (theirs - sent).total_seconds() - trip / 2, trip / 2)]


def skew(check: str, whose: str, ahead: float, within: float) -> Finding:
    text = f"{whose} differs by {ahead:+.3f} s (± {within:.3f})"
    if abs(ahead) - within <= SKEW[0]:
        return Finding("ok", check, text)
    return Finding("fail" if abs(ahead) > SKEW[1] else "warn", check, f"{text}: set both hosts by NTP")


async def _disk(connection: Connection) -> list[Finding]:
    size = int(await scalar(connection, "SELECT pg_database_size(current_database())"))
    folder = await _data_folder(connection)
    if folder is None:
        host = connection.info.host
        return [Finding("ok", "disk", f"the database holds {_mb(size)}; how much is free is known on {host} only")]
    free, whole = shutil.disk_usage(folder).free, shutil.disk_usage(folder).total
    text = f"the database holds {_mb(size)}, {_mb(free)} of {_mb(whole)} are free"
    if free < LEAST_SPACE:
        return [Finding("fail", "disk", f"{text}: make room, or commands will be refused")]
    tight = free < whole // 10
    return [Finding("warn" if tight else "ok", "disk", f"{text}: make room" if tight else text)]


async def _data_folder(connection: Connection) -> Path | None:
    """Where it can be seen from here: only members of pg_read_all_settings are told, and only on the same host."""
    if connection.info.host not in LOCAL:
        return None
    try:
        told = Path(await scalar(connection, "SHOW data_directory"))
    except errors.InsufficientPrivilege:
        pointer = State(default_folder()).folder / "postgres.path"
        told = Path(pointer.read_text().strip()) if pointer.exists() else Path("/nowhere")
    return told if told.exists() else None


def _mb(size: int) -> str:
    return f"{size // 1_000_000} MB"


async def _transport(connection: Connection) -> list[Finding]:
    if await scalar(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"):
        return [Finding("ok", "transport", "TLS")]
    if connection.info.host in LOCAL:
        return [Finding("ok", "transport", "without TLS, on this machine")]
    return [Finding("fail", "transport", "without TLS over a network: add sslmode=verify-full to the DSNs")]


async def _migrations(connection: Connection, name: Name) -> list[Finding]:
    cursor = await connection.execute("SELECT name, sha256 FROM migrations")
    ran: dict[str, str] = dict(await cursor.fetchall())
    known = {file: hashlib.sha256(text.encode()).hexdigest() for file, text in migration_files(name)}
    if missing := [file for file in known if file not in ran]:
        return [Finding("fail", "migrations", f"{missing[0]} has not run: run `rollbook migrate {name}`")]
    if edited := [file for file, digest in known.items() if ran[file] != digest]:
        return [Finding("fail", "migrations", f"{edited[0]} was edited after it ran: restore the file")]
    if newer := sorted(ran.keys() - known.keys()):
        return [Finding("warn", "migrations", f"{newer[-1]} is of a newer release than this command")]
    return [Finding("ok", "migrations", f"{len(known)} have run")]


async def _connections(connection: Connection, name: Name) -> list[Finding]:
    """With all services that this command knows to stand on the same server."""
    room, service, settings = await room_of(connection), service_of(name), settings_of(name)
    for kind in ("api", "worker"):
        if (alone := of_process(service, kind)) > room.open:
            return [Finding("fail", "connections", f"one {kind} needs {alone}, there are {room.open}: raise them")]
    needed = ROLLING * sum(of_service(service_of(each), settings_of(each)) for each in _neighbours(name))
    if (fault := no_room(room, needed + settings.other_connections)) is not None:
        return [Finding("warn", "connections", fault)]
    return [Finding("ok", "connections", f"a rolling upgrade needs up to {needed} of {room.open}")]


def _neighbours(name: Name) -> Iterator[Name]:
    """The service itself among them."""
    own = _address(name)
    for each in SERVICES:
        try:
            if _address(each) == own:
                yield each
        except NotConfigured:
            continue


def _address(name: Name) -> tuple[object, object]:
    parts = conninfo_to_dict(dsn(name, "worker"))
    return parts.get("host"), parts.get("port")
