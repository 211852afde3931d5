"""Bare event logs under concurrent writers, with a reader that follows: what was stored, seen and refused."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import psycopg
from psycopg.types.numeric import Int8BinaryDumper

from shared.database import Connection, connect
from shared.ids import uuid7
from shared.log_feed import read_page
from tests.shared.stores import append, event_of, member_of

SERVICE = "academic"
WRITERS, APPENDS = 8, 120


@dataclass
class Exercise:
    """`clashes` counts appends that met a position that was taken already: the head they read was stale."""

    stored: list[bytes] = field(default_factory=list)
    seen: list[bytes] = field(default_factory=list)
    clashes: int = 0
    holes: int = 0

    @property
    def missed(self) -> int:
        return len(set(self.stored) - set(self.seen))

    @property
    def wrong(self) -> int:
        return self.missed + self.clashes + self.holes + abs(len(self.seen) - len(set(self.seen)))


async def exercise(dsns: Mapping[str, str], **options: str) -> Exercise:
    """All writers at once, each on a connection of its own with these options."""
    done = asyncio.Event()
    found = Exercise()
    reading = asyncio.create_task(follow(dsns, found, done))
    await asyncio.gather(*[write(dsns, found, options) for _ in range(WRITERS)])
    done.set()
    await reading
    async with await connect(dsns["worker"], search_path=SERVICE) as connection:
        positions = [record.position for record in await read_page(connection, 0, 1_000_000)]
    found.holes = sum(place != n for n, place in enumerate(positions, 1))
    return found


async def write(dsns: Mapping[str, str], found: Exercise, options: Mapping[str, str]) -> None:
    tenant = uuid7()
    async with await connect(dsns["worker"], search_path=SERVICE, **options) as connection:
        connection.adapters.register_dumper(int, Int8BinaryDumper)
        for _ in range(APPENDS):
            tag = f'{{"tag": "{uuid7()}"}}'.encode()
            try:
                await append(connection, member_of(event_of(tenant, state=tag)))
            except psycopg.errors.UniqueViolation:
                found.clashes += 1
            else:
                found.stored.append(tag)


async def follow(dsns: Mapping[str, str], found: Exercise, done: asyncio.Event) -> None:
    """Reads after its last position, as every reader does."""
    position = 0
    async with await connect(dsns["worker"], search_path=SERVICE) as connection:
        while True:
            last = done.is_set()
            page = await read_page(connection, position, 500)
            found.seen += [record.state for record in page]
            position = page[-1].position if page else position
            if last and not page:
                return


async def replace(dsns: Mapping[str, str], *statements: str) -> None:
    """Broken functions in place of the store's."""
    connection: Connection
    async with await connect(dsns["superuser"], search_path=SERVICE) as connection:
        for statement in statements:
            await connection.execute(statement.encode())
