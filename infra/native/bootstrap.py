"""What the nine processes stand on: roles, migrations, topics, started reactions. Repeatable; it ends."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module

import psycopg
from psycopg.conninfo import make_conninfo

from infra.native import kafka
from infra.native.ports import SERVICES
from shared import topics
from shared.database import UnsafeDatabase, connect, migrate, provision, scalar
from shared.service import Service
from shared.starting import start_all
from shared.topics import WrongTopic

KINDS = ("owner", "api", "worker")


async def main() -> None:
    superuser, broker = os.environ["BOOTSTRAP_DSN"], os.environ["BOOTSTRAP_KAFKA"]
    await _until(lambda: _answers(superuser))
    new_logs = [service for service in SERVICES if await _prepare_schema(superuser, service)]
    await _until(lambda: kafka.answers(broker))
    await topics.ensure_personal_keys(broker)
    for service in SERVICES:
        await topics.ensure(broker, service, await _generation(superuser, service))
    for service in new_logs:
        known: Service = import_module(f"{service}.service").SERVICE
        await start_all(_dsn(superuser, service, "worker"), known, broker, "beginning")


async def _prepare_schema(superuser: str, service: str) -> bool:
    await provision(superuser, service, {kind: _password(service, kind) for kind in KINDS})
    return await migrate(_dsn(superuser, service, "owner"), service)


async def _generation(superuser: str, service: str) -> int:
    async with await connect(_dsn(superuser, service, "owner")) as connection:
        return int(await scalar(connection, "SELECT generation FROM event_log"))


async def _until(answers: Callable[[], Awaitable[bool]]) -> None:
    while not await answers():  # noqa: ASYNC110 - another process has no event to wait for
        await asyncio.sleep(0.1)


async def _answers(superuser: str) -> bool:
    """Not before the database is made."""
    try:
        async with await psycopg.AsyncConnection.connect(superuser, connect_timeout=2):
            return True
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
