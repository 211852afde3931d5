"""Filling a fresh build: the history of its source is folded in memory and written once, key and indexes last."""

import asyncio
import gc
from asyncio import Task
from collections.abc import Iterator, Mapping
from contextlib import aclosing, contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from psycopg import sql
from psycopg_pool import PoolTimeout

from shared.builds import Build, make_tables
from shared.chain import Place, follow
from shared.database import Connection, Pool
from shared.filling import handles_of
from shared.history import History
from shared.kernel import Kernel
from shared.positions import Move, move
from shared.pulse import beat
from shared.tables import Key, Row, Rows, Table, arrays, insertion

MOST_ROWS = 500_000
"""More are not held in memory: what is folded by then is written, and the rest is followed."""

CHUNK = 5_000
TELL_EVERY = 1.0
ROW_COST = 0.5
"""What writing a row takes, where folding an event takes 1: for the estimate only."""


class Whole(Rows):
    """All rows that a build has."""

    def __len__(self) -> int:
        return sum(len(changes.put) for changes in self._changes.values())

    async def _stored(self, table: Table, key: Key) -> Row | None:
        return None

    def of(self, table: Table) -> list[Row]:
        return list(self._changes[table].put.values())


@dataclass
class Progress:
    """Which share of the work is done, told while a transaction still hides it."""

    pool: Pool
    build: Build
    events: int
    folded: int = 0
    rows: int = 0
    written: int = 0
    told: float = field(default_factory=monotonic)

    @property
    def share(self) -> float:
        """The rows of the whole are reckoned from those of the events so far."""
        whole = self.events + ROW_COST * self.rows * max(self.events / max(self.folded, 1), 1)
        return min((self.folded + ROW_COST * self.written) / whole, 1)

    async def tell(self) -> None:
        beat()
        if monotonic() - self.told > TELL_EVERY:
            self.told = monotonic()
            with suppress(PoolTimeout):  # what was not told costs nobody the fold
                async with self.pool.connection() as connection:
                    await connection.execute(
                        "UPDATE builds SET progress = %s WHERE build = %s", (self.share, self.build.number)
                    )


@contextmanager
def uncollected() -> Iterator[None]:
    """Rows are no garbage, and make each search for some dearer: it took nearly half of a fold's time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class Folding:
    """Fills builds that stand at position 0."""

    def __init__(self, connection: Connection, kernel: Kernel, generation: int) -> None:
        self._connection = connection
        self._kernel = kernel
        self._generation = generation

    async def fill(self, build: Build, history: History, events: int) -> None:
        """As far as this history of so many events goes.

        Raises Deposed, and whatever a handler raises: then nothing is stored."""
        progress = Progress(self._kernel.pool, build, events)
        with uncollected():
            rows, places = await self._fold(build, history, progress)
            await self._write(build, rows, places, progress)

    async def _write(self, build: Build, rows: Whole, places: Mapping[int, Place], progress: Progress) -> None:
        async with self._connection.transaction():
            await self._connection.execute("SET LOCAL statement_timeout = '600s'")
            await self._connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(build.schema)))
            await make_tables(self._connection, self._kernel.service.name, build.view, build.schema, indexed=False)
            for table in build.view.TABLES:
                await self._insert(build, table, rows.of(table), progress)
                for index in table.indexing(build.schema):
                    await self._connection.execute(index)
                    beat()
            moves = [Move(build.schema, partition, Place(0), place) for partition, place in places.items()]
            await move(self._connection, build.view.SOURCE, self._generation, moves)

    async def _fold(self, build: Build, history: History, progress: Progress) -> tuple[Whole, dict[int, Place]]:
        rows, places = Whole(self._connection, build.schema), dict[int, Place]()
        handles = handles_of(build.view(), self._kernel.codec)
        async with aclosing(history) as pages:
            async for records in pages:
                followed = follow(places, records)
                for record in followed.fresh:
                    handle = handles.get(record.topic)
                    waiting = None if handle is None else handle(record, rows)
                    if waiting is not None:
                        await waiting
                places |= followed.places
                progress.folded += len(records)
                progress.rows = len(rows)
                await progress.tell()
                if followed.broken or len(rows) > MOST_ROWS:
                    break
        return rows, places

    async def _insert(self, build: Build, table: Table, rows: list[Row], progress: Progress) -> None:
        """One chunk is made while the server takes the one before."""
        query = insertion(build.schema, table)
        sending: Task[Any] | None = None
        async with asyncio.TaskGroup() as group:
            for begin in range(0, len(rows), CHUNK):
                chunk = rows[begin : begin + CHUNK]
                values = arrays(table, tuple(table.columns), chunk)
                if sending is not None:
                    await sending
                sending = group.create_task(self._connection.execute(query, values, prepare=True))
                progress.written += len(chunk)
                await progress.tell()
                await asyncio.sleep(0)
