"""What the nine processes stand on: roles, migrations, topics, started reactions. Repeatable; it ends."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from infra.native import kafka
from infra.native.ports import SERVICES
from infra.native.state import State
from shared import topics
from shared.database import UnsafeDatabase, connect, migrate, provision, scalar
from shared.service import Service
from shared.starting import start_all
from shared.topics import WrongTopic

KINDS = ("owner", "api", "worker")


async def main() -> None:
    superuser, broker = os.environ["BOOTSTRAP_DSN"], os.environ["BOOTSTRAP_KAFKA"]
    if shared_folder := os.environ.get("BOOTSTRAP_STATE"):
        State(Path(shared_folder)).master_key_file()
    await _until(lambda: _answers(superuser))
    for service in SERVICES:
        await provision(superuser, service, {kind: _password(service, kind) for kind in KINDS})
        await migrate(_dsn(superuser, service, "owner"), service)
    await _until(lambda: kafka.answers(broker))
    await topics.ensure_personal_keys(broker)
    for service in SERVICES:
        async with await connect(_dsn(superuser, service, "worker"), search_path=service) as connection:
            generation = int(await scalar(connection, "SELECT generation FROM event_log"))
            is_new = await scalar(connection, "SELECT log_head() = 0")
        await topics.ensure(broker, service, generation)
        if is_new:
            await _start_reactions(superuser, service, broker)


async def _start_reactions(superuser: str, service: str, broker: str) -> None:
    """While nothing was decided yet, from the beginning is the only place. Later an operator says where."""
    known: Service = import_module(f"{service}.service").SERVICE
    await start_all(_dsn(superuser, service, "worker"), known, broker, "beginning")


async def _until(answers: Callable[[], Awaitable[bool]]) -> None:
    while not await answers():  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(0.1)


async def _answers(superuser: str) -> bool:
    """And has the database, which is made after the server's start."""
    name = conninfo_to_dict(superuser).get("dbname")
    try:
        async with await psycopg.AsyncConnection.connect(superuser, dbname="postgres", connect_timeout=2) as connection:
            found = await connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
            return await found.fetchone() is not None
    except psycopg.OperationalError:
        return False


def _dsn(superuser: str, service: str, kind: str) -> str:
    return make_conninfo(superuser, user=f"{service}_{kind}", password=_password(service, kind))


def _password(service: str, kind: str) -> str:
    return os.environ[f"BOOTSTRAP_{service.upper()}_{kind.upper()}_PASSWORD"]


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except (UnsafeDatabase, WrongTopic) as refused:
        sys.exit(str(refused))
