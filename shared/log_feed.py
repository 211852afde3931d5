"""The own log as a feed: LISTEN is a hint, reading after the last position is the truth."""

import asyncio

from shared.database import Connection, scalar
from shared.pace import Pace
from shared.parking import Pointer
from shared.reader import Reader
from shared.records import Record

READ = (
    b"SELECT notification_id, tenant_id, originator_id, originator_version, topic, state, recorded_at"
    b" FROM events WHERE notification_id > %s ORDER BY notification_id LIMIT %s"
)
"""The log from a position on: contiguous, committed, stable. For roles that may see all tenants."""

PAGE = 2_000
WAIT = 0.5
PACE = 0.02
RETRY_EVERY = 1.0
"""Seconds after which a log that never rests is left for a moment, to see whether a retry is asked for."""


class StoreBehind(Exception):
    """The log ends before a position of its readers: it is another history. Nobody moves back; an operator must act."""


async def follow_log(reader: Reader, connection: Connection, service: str) -> None:
    """Endless. LISTEN comes before the first read, so that nothing is stored unheard in between."""

    async def fetch(pointer: Pointer) -> Record:
        return (await read_page(connection, pointer.position - 1, 1))[0]

    await connection.execute(f"LISTEN rollbook_{service}".encode())
    await reader.start()
    await check_not_behind(reader, connection)
    loop = asyncio.get_running_loop()
    pace = Pace(PACE)
    looked = loop.time()
    while True:
        pace.begin()
        records = await read_page(connection, reader.lowest()[0].position, PAGE)
        if records:
            await reader.apply(records)
            await pace.rest()
        if not records or loop.time() - looked > RETRY_EVERY:
            await reader.retry_parked(fetch)
            if loop.time() - looked > RETRY_EVERY:
                await check_not_behind(reader, connection)
                looked = loop.time()
        if not records:
            async for _ in connection.notifies(timeout=WAIT, stop_after=1):
                pass


async def check_not_behind(reader: Reader, connection: Connection) -> None:
    furthest = max((places[0].position for places in reader.places.values()), default=0)
    head = await read_head(connection)
    if head < furthest:
        raise StoreBehind(f"the log ends at {head}, a reader stands at {furthest}")


async def read_head(connection: Connection) -> int:
    return int(await scalar(connection, "SELECT log_head()"))


async def read_page(connection: Connection, after: int, limit: int) -> list[Record]:
    cursor = await connection.execute(READ, (after, limit), prepare=True, binary=True)
    return [Record.of_log(row) for row in await cursor.fetchall()]
