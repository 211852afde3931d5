"""Who leads a role among the town's workers, as PostgreSQL knows it: a frozen process could not be asked."""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from psycopg import sql

from shared.service import reader_of
from tests.faults.stores import reading
from tests.faults.town.child import Child
from tests.faults.town.town import SERVICES, Town

RELAY = "relay"


class Leader(NamedTuple):
    """`backend` is the server's process that holds the lock for it."""

    backend: int
    child: Child


def feed_of(service: str, source: str) -> str:
    """The role that follows this source."""
    return reader_of(SERVICES[service], source)


async def leader_of(town: Town, service: str, role: str, *, after: int = 0, within: float = 60.0) -> Leader:
    """Waits until a process of the town holds the lock of this role by another backend than `after`."""
    began = time.monotonic()
    while True:
        if (leader := await _holder(town, service, role)) is not None and leader.backend != after:
            return leader
        if time.monotonic() - began > within:
            raise AssertionError(f"nobody leads {role} of {service} after {within:g} s")
        await asyncio.sleep(0.02)


async def _holder(town: Town, service: str, role: str) -> Leader | None:
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT a.pid, a.client_port FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
            " WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted AND l.classid::bigint = %s"
            " AND l.objid = %s::regnamespace::oid",
            ((zlib.crc32(role.encode()) - 2**31) % 2**32, service),
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    sockets = _sockets_at(row[1])
    return next((Leader(row[0], child) for child in town.children.values() if sockets & _sockets_of(child)), None)


def _sockets_at(port: int) -> set[str]:
    """Inodes of the sockets whose own end is this port."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {words[9] for words in lines if words[1].endswith(f":{port:04X}")}


def _sockets_of(child: Child) -> set[str]:
    found = set()
    with suppress(OSError):
        for link in Path(f"/proc/{child.pid}/fd").iterdir():
            with suppress(OSError):
                found.add(str(link.readlink()).removeprefix("socket:[").removesuffix("]"))
    return found


@asynccontextmanager
async def relay_held(town: Town, service: str, within: float = 20.0) -> AsyncIterator[None]:
    """Under load: inside, the relay has sent a page to Kafka and cannot note that. It waits for 2 s at most."""
    async with reading(town) as holding, reading(town) as looking, holding.transaction():
        await holding.execute(sql.SQL("SELECT FROM {}.relay FOR UPDATE").format(sql.Identifier(service)))
        async with asyncio.timeout(within):
            waiting = None
            while waiting is None:
                cursor = await looking.execute(
                    "SELECT FROM pg_stat_activity WHERE %s = ANY(pg_blocking_pids(pid))", (holding.info.backend_pid,)
                )
                waiting = await cursor.fetchone()
        yield
