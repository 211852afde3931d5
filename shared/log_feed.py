"""The own log as a feed: LISTEN is a hint, reading after the last position is the truth."""

import asyncio

from shared.database import Connection
from shared.parking import Pointer
from shared.reader import Reader
from shared.records import Record
from shared.store import READ

PAGE = 2_000
WAIT = 0.5
RETRY_EVERY = 1.0
"""Seconds after which a log that never rests is left for a moment, to see whether a retry is asked for."""


async def follow_log(reader: Reader, connection: Connection, service: str) -> None:
    """Endless. LISTEN comes before the first read, so that nothing is stored unheard in between."""

    async def fetch(pointer: Pointer) -> Record:
        return (await read_page(connection, pointer.position - 1, 1))[0]

    await connection.execute(f"LISTEN rollbook_{service}".encode())
    await reader.start()
    loop = asyncio.get_running_loop()
    looked = loop.time()
    while True:
        records = await read_page(connection, reader.lowest()[0].position, PAGE)
        if records:
            await reader.apply(records)
        if not records or loop.time() - looked > RETRY_EVERY:
            await reader.retry_parked(fetch)
            looked = loop.time()
        if not records:
            async for _ in connection.notifies(timeout=WAIT, stop_after=1):
                pass


async def read_page(connection: Connection, after: int, limit: int) -> list[Record]:
    cursor = await connection.execute(READ, (after, limit), prepare=True, binary=True)
    return [Record.of_log(row) for row in await cursor.fetchall()]
