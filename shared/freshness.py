"""How far this service's consumers have come, for queries that must see a client's own writes."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

import psycopg

from shared.database import Pool
from shared.store_gauges import WAITED

Positions = Mapping[tuple[str, str, int], int]
"""(consumer, source, partition) → position, of the newest generation."""

EVERY = 0.005
REACHED, GAVE_UP = WAITED.labels("reached"), WAITED.labels("gave-up")


class Freshness:
    """Waiters share one poller, which runs only while somebody waits, and hold no connection."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._waiting: dict[asyncio.Future[None], Callable[[Positions], bool]] = {}
        self._poller: asyncio.Task[None] | None = None

    async def until(self, reached: Callable[[Positions], bool], within: float) -> bool:
        """Whether the positions came to satisfy `reached` within so many seconds."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting[done] = reached
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        try:
            async with asyncio.timeout(within):
                await done
        except TimeoutError:
            GAVE_UP.observe(loop.time() - begun)
            return False
        finally:
            self._waiting.pop(done, None)
        REACHED.observe(loop.time() - begun)
        return True

    async def _poll(self) -> None:
        while self._waiting:
            with contextlib.suppress(psycopg.Error):
                positions = await self.positions()
                for done, reached in list(self._waiting.items()):
                    if not done.done() and reached(positions):
                        done.set_result(None)
                        del self._waiting[done]
            await asyncio.sleep(EVERY)

    async def positions(self) -> Positions:
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT DISTINCT ON (consumer, source, partition) consumer, source, partition, position"
                " FROM positions ORDER BY consumer, source, partition, generation DESC",
                prepare=True,
            )
            return {(consumer, source, part): position for consumer, source, part, position in await cursor.fetchall()}

    async def generation(self, source: str) -> int:
        """The newest that a consumer here reads; 0 when there is none."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT coalesce(max(generation), 0) FROM positions WHERE source = %s", (source,), prepare=True
            )
            row = await cursor.fetchone()
        return int(row[0]) if row else 0

    async def head(self) -> int:
        async with self._pool.connection() as connection:
            cursor = await connection.execute("SELECT log_head()", prepare=True)
            row = await cursor.fetchone()
        return int(row[0]) if row else 0
