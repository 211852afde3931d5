"""What a process of a service has at hand: store, keyring, views."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg_pool import PoolTimeout

from shared.budget import POOL, Kind, check_budget
from shared.codec import Codec
from shared.database import Pool, UnsafeDatabase, check_server, connect, migration_files, open_pool
from shared.effects import Effects
from shared.freshness import Freshness
from shared.loop_lag import watched_loop
from shared.personal import Keyring, MasterKey
from shared.pools import WATCHED
from shared.reading import Reading, ViewBehind, ViewParked, reading
from shared.records import partition_of
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import EventStore
from shared.token import Token
from shared.views import View
from shared.writer import Writer, end_process

WAIT = 2.0
SPARE = 2
"""Connections of the pool that readers of views leave to others."""


class Kernel:
    def __init__(self, service: Service, pool: Pool, writer: Writer, master: MasterKey, generation: int) -> None:
        self.service = service
        self.pool = pool
        self.writer = writer
        self.generation = generation
        self.codec = Codec(service.aggregates)
        self.store = EventStore(service.name, pool, writer, self.codec)
        self.keyring = Keyring(master, pool)
        self.freshness = Freshness(pool)
        self.folding = asyncio.Lock()
        """One build at a time stands whole in memory."""
        self._seats = asyncio.Semaphore(max(1, pool.max_size - SPARE))
        self._effects = Effects(service, self.freshness)
        self._migrations = [name for name, _ in migration_files(service.name)]

    @classmethod
    @asynccontextmanager
    async def open(
        cls, service: Service, settings: ServiceSettings, *, worker: bool = False
    ) -> AsyncIterator["Kernel"]:
        """Raises UnsafeDatabase. `worker` takes the DSN whose role sees all tenants."""
        dsn = settings.worker_dsn if worker else settings.api_dsn
        kind: Kind = "worker" if worker else "api"
        if dsn is None:
            raise ValueError(f"{service.name}: no DSN is set for this process")
        async with await connect(dsn.get_secret_value()) as connection:
            generation = await check_server(connection)
            await check_budget(connection, service, settings, kind)
        async with watched_loop(), open_pool(dsn.get_secret_value(), size=POOL[kind], refused=end_process) as pool:
            WATCHED.add(pool)
            writer = Writer(dsn.get_secret_value(), service.name)
            await writer.start()
            try:
                yield cls(service, pool, writer, MasterKey.read(settings.master_key_file), generation)
            finally:
                await writer.stop()

    async def ping(self) -> None:
        """Raises when the database does not answer."""
        async with self.pool.connection() as connection:
            await connection.execute("SELECT 1")

    async def check_migrations(self) -> None:
        """Raises when the database lacks a migration that this release expects; it may have newer ones."""
        async with self.pool.connection() as connection:
            cursor = await connection.execute("SELECT name FROM migrations")
            there = {name for (name,) in await cursor.fetchall()}
        if missing := [name for name in self._migrations if name not in there]:
            raise UnsafeDatabase(f"The migration {missing[0]} of {self.service.name} has not run: run migrate.")

    @asynccontextmanager
    async def reading(
        self, view: type[View], tenant_id: UUID, token: Token | None = None, within: float = WAIT
    ) -> AsyncIterator[Reading]:
        """The live build of a view, as new as the token asks: also after this service's reactions to what the token
        names in other services. Waits `within` seconds for each step. Raises ViewBehind, ViewParked."""
        token = token or Token()
        wanted = token.position(view.SOURCE, tenant_id)
        if self.service.name == view.SOURCE:
            wanted = max(wanted, await self._effects.stored(token, tenant_id, within))
        partition = 0 if self.service.name == view.SOURCE else partition_of(tenant_id)
        for attempt in (1, 2):
            async with self._seat(), reading(self.pool, view, tenant_id, partition, self.service.name) as read:
                if read.position >= wanted:
                    if wanted and await self._parked(read, token, wanted):
                        raise ViewParked
                    yield read
                    return
                awaited = (read.consumer, view.SOURCE, partition)
            if attempt == 1:
                await self._wait_for(awaited, wanted, within)
        raise ViewBehind

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        """Who reads a view may need a second connection, for keys or aggregates, while holding the first: if all
        connections were held by readers, each would wait for another one until all of them fail."""
        try:
            async with asyncio.timeout(self.pool.timeout):
                await self._seats.acquire()
        except TimeoutError:
            raise PoolTimeout("too many readers of views") from None
        try:
            yield
        finally:
            self._seats.release()

    async def _wait_for(self, awaited: tuple[str, str, int], wanted: int, within: float) -> None:
        if not await self.freshness.until(lambda positions: positions.get(awaited, 0) >= wanted, within):
            raise ViewBehind

    async def _parked(self, read: Reading, token: Token, wanted: int) -> bool:
        """Whether the view, or a reaction that feeds it, stopped at or before what the token asks. A reaction keeps its
        name when its source begins a new generation: what it parked before that says nothing of positions now."""
        asked = self._effects.sources(token, read.tenant_id)
        rows = await read.rows(
            "SELECT consumer, source, position FROM parked p WHERE tenant_id = %(tenant)s AND consumer = ANY(%(names)s)"
            " AND generation = (SELECT max(q.generation) FROM positions q"
            " WHERE q.consumer = p.consumer AND q.source = p.source)",
            names=[read.consumer, *self._effects.consumers(token, read.tenant_id)],
        )
        return any(
            row["position"] <= (wanted if row["consumer"] == read.consumer else asked.get(row["source"], 0))
            for row in rows
        )
