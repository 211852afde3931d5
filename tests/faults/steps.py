"""Steps of connections that meet, and stores where they do."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from psycopg.types.numeric import Int8BinaryDumper

from infra.testing.harness import new_log
from shared.database import Connection, connect
from shared.log_feed import read_page
from shared.members import Member, Result
from tests.faults.logs import SERVICE, replace
from tests.faults.permutations import Runner, Step
from tests.shared.stores import append


@asynccontextmanager
async def store(postgres: str, *broken: str) -> AsyncIterator[tuple[Connection, Runner]]:
    """A connection of the test and a runner with three, on a store of their own."""
    async with AsyncExitStack() as stack:
        dsns = await stack.enter_async_context(new_log(postgres, SERVICE))
        await replace(dsns, *broken)
        connections = [
            await stack.enter_async_context(await connect(dsns["worker"], search_path=SERVICE)) for _ in range(4)
        ]
        for connection in connections:
            connection.adapters.register_dumper(int, Int8BinaryDumper)
        watcher = await stack.enter_async_context(await connect(dsns["superuser"], search_path=SERVICE))
        yield connections[3], Runner(watcher, connections[:3])


def begin(step: Step) -> Step:
    async def begun(connection: Connection) -> Any:
        await connection.execute("BEGIN")
        return await step(connection)

    return begun


async def commit(connection: Connection) -> None:
    await connection.execute("COMMIT")


async def rollback(connection: Connection) -> None:
    await connection.execute("ROLLBACK")


def appends(member: Member) -> Step:
    async def run(connection: Connection) -> Result:
        return (await append(connection, member))[0]

    return begin(run)


def reads_after(position: int) -> Step:
    async def run(connection: Connection) -> list[int]:
        return [record.position for record in await read_page(connection, position, 100)]

    return run


async def head_of(connection: Connection) -> int:
    cursor = await connection.execute("SELECT log_head()")
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


def whole(step: Step) -> Step:
    async def run(connection: Connection) -> Any:
        result = await step(connection)
        await commit(connection)
        return result

    return run
