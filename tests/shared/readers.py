"""Readers of the toy's log, and what they left behind."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from psycopg import sql

from infra.testing.harness import Running
from infra.testing.toy import ToySettings, add_book, put_up_shelf
from shared.builds import Build, builds_of
from shared.calls import Saved
from shared.database import Connection, connect
from shared.kernel import Kernel
from shared.log_feed import read_page
from shared.parking import Pointer
from shared.reactions import Reaction
from shared.reader import Reader
from shared.records import Record
from tests.shared.stores import call_of


async def library(town: Running, connection: Connection) -> Build:
    """The live build of the library."""
    return next(
        one for one in await builds_of(connection, town.service.views) if one.view.NAME == "library" and one.live
    )


@asynccontextmanager
async def reading_log(
    kernel: Kernel, dsn: str, builds: Iterable[Build], reactions: Iterable[Reaction] = (), generation: int = 1
) -> AsyncIterator[Reader]:
    """A reader of the own log as a worker would have it, that applies when it is told to."""
    async with await connect(dsn, search_path="academic", lock_timeout="500ms") as connection:
        reader = Reader(kernel, connection, "academic", generation, builds, reactions)
        await reader.start()
        yield reader


@asynccontextmanager
async def librarian(town: Running, connection: Connection) -> AsyncIterator[Reader]:
    """The reader of the library alone, which has caught up."""
    async with reading_log(town.kernel, town.dsns["worker"], [await library(town, connection)]) as reader:
        await catch_up(reader, connection)
        yield reader


async def settle(town: Running, connection: Connection) -> None:
    async with librarian(town, connection):
        pass


async def catch_up(reader: Reader, connection: Connection) -> None:
    while page := await read_page(connection, reader.lowest()[0].position, 1_000):
        await reader.apply(page)


async def retry(reader: Reader, connection: Connection, consumer: str) -> None:
    """As `rollbook parked retry` asks, and the loop of the reader does."""
    await connection.execute("UPDATE parked SET retry = true WHERE consumer = %s", (consumer,))

    async def fetch(pointer: Pointer) -> Record:
        return (await read_page(connection, pointer.position - 1, 1))[0]

    await reader.retry_parked(fetch)


async def rows_of(connection: Connection, build: Build, table: str, tenant_id: UUID) -> list[tuple[Any, ...]]:
    cursor = await connection.execute(
        sql.SQL("SELECT * FROM {} WHERE tenant_id = %s ORDER BY 1, 2, 3").format(sql.Identifier(build.schema, table)),
        (tenant_id,),
    )
    return await cursor.fetchall()


async def titles_of(connection: Connection, build: Build, tenant_id: UUID) -> list[str]:
    return [row[2] for row in await rows_of(connection, build, "books", tenant_id)]


async def parked_of(connection: Connection, tenant_id: UUID) -> list[tuple[Any, ...]]:
    """(consumer, position, error class, tries, wanted again), in order."""
    cursor = await connection.execute(
        "SELECT consumer, position, error_class, tries, retry FROM parked WHERE tenant_id = %s ORDER BY 1, 2",
        (tenant_id,),
    )
    return await cursor.fetchall()


async def shelf_with(town: Running, tenant_id: UUID, *titles: str, name: str = "Fiction") -> Saved:
    """A shelf with these books; the last save."""
    shelf = saved = await put_up_shelf(town.kernel.store, call_of(tenant_id), name)
    for title in titles:
        saved = await add_book(town.kernel.store, call_of(tenant_id), shelf.id, title)
    return saved


def settings_of(town: Running, kafka: str = "127.0.0.1:1") -> ToySettings:
    return ToySettings(worker_dsn=town.dsns["worker"], api_dsn=town.dsns["api"], kafka=kafka)
