"""What a process of a service has at hand: store, keyring, views."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from shared.codec import Codec
from shared.database import Pool, check_server, open_pool
from shared.freshness import Freshness, Positions
from shared.personal import Keyring, MasterKey
from shared.reading import Reading, ViewBehind, ViewParked, reading
from shared.records import partition_of
from shared.service import Service
from shared.settings import ServiceSettings
from shared.store import EventStore
from shared.token import Token
from shared.views import View
from shared.writer import Writer

WAIT = 2.0


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

    @classmethod
    @asynccontextmanager
    async def open(
        cls, service: Service, settings: ServiceSettings, *, worker: bool = False
    ) -> AsyncIterator["Kernel"]:
        """Raises UnsafeDatabase. `worker` takes the DSN whose role sees all tenants."""
        dsn = settings.worker_dsn if worker else settings.api_dsn
        if dsn is None:
            raise ValueError(f"{service.name}: no DSN is set for this process")
        async with open_pool(dsn.get_secret_value(), size=8 if worker else 6) as pool:
            async with pool.connection() as connection:
                generation = await check_server(connection)
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

    @asynccontextmanager
    async def reading(
        self,
        view: type[View],
        tenant_id: UUID,
        token: Token | None = None,
        after_reactions_of: str | None = None,
        within: float = WAIT,
    ) -> AsyncIterator[Reading]:
        """The live build of a view, as new as the token asks. Raises ViewBehind, ViewParked.

        `after_reactions_of` names a service whose events change this view through reactions: the token's position
        there is waited for in the reactions first, then in the own log."""
        token = token or Token()
        wanted = token.position(view.SOURCE, tenant_id)
        partition = self._partition(view.SOURCE, tenant_id)
        if after_reactions_of is not None and (asked := token.position(after_reactions_of, tenant_id)):
            wanted = max(wanted, await self._after_reactions(after_reactions_of, tenant_id, asked, within))
        for attempt in (1, 2):
            async with reading(self.pool, view, tenant_id, partition, self.service.name) as read:
                if read.position >= wanted:
                    if wanted and await self._parked(read, wanted):
                        raise ViewParked
                    yield read
                    return
                awaited = (read.consumer, view.SOURCE, partition)
            if attempt == 1:
                await self._wait_for(awaited, wanted, within)
        raise ViewBehind

    async def _wait_for(self, awaited: tuple[str, str, int], wanted: int, within: float) -> None:
        if not await self.freshness.until(lambda positions: positions.get(awaited, 0) >= wanted, within):
            raise ViewBehind

    async def _after_reactions(self, source: str, tenant_id: UUID, asked: int, within: float) -> int:
        partition = self._partition(source, tenant_id)
        names = [reaction.name for reaction in self.service.reactions if reaction.source == source]

        def reached(positions: Positions) -> bool:
            return all(positions.get((name, source, partition), asked) >= asked for name in names)

        if not await self.freshness.until(reached, within):
            raise ViewBehind
        return await self.freshness.head()

    async def _parked(self, read: Reading, wanted: int) -> bool:
        rows = await read.rows(
            "SELECT 1 FROM parked WHERE tenant_id = %(tenant)s AND consumer = %(consumer)s AND position <= %(wanted)s"
            " LIMIT 1",
            consumer=read.consumer,
            wanted=wanted,
        )
        return bool(rows)

    def _partition(self, source: str, tenant_id: UUID) -> int:
        return 0 if source == self.service.name else partition_of(tenant_id)
