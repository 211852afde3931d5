"""Filling views: rows and positions of all builds in one transaction; what fails by itself is parked."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping

from shared.builds import Build
from shared.chain import Followed, Place
from shared.codec import Codec
from shared.database import Connection
from shared.facts import Handler
from shared.faults import heals, passes
from shared.parking import WAITS, Parking, Pointer
from shared.positions import Deposed, Move, move
from shared.pulse import beat
from shared.records import Record
from shared.tables import Rows
from shared.views import View

log = logging.getLogger(__name__)

Handle = Callable[[Record, Rows], Awaitable[None] | None]
"""Reads one record as a fact and hands it to its view."""


class Filling:
    def __init__(
        self,
        codec: Codec,
        connection: Connection,
        parking: Parking,
        source: str,
        generation: int,
        builds: Iterable[Build],
    ) -> None:
        self._connection = connection
        self._parking = parking
        self._source = source
        self._generation = generation
        self._builds = {build.schema: build for build in builds}
        self._handles = {build.schema: handles_of(build.view(), codec) for build in self._builds.values()}
        parking.independent |= {build.schema for build in self._builds.values() if build.view.ORDER == "aggregate"}

    @property
    def consumers(self) -> list[str]:
        return list(self._builds)

    async def apply(self, followed: Mapping[str, Followed], places: Mapping[str, Mapping[int, Place]]) -> None:
        """Raises Deposed and transient errors; then nothing of the batch is stored."""
        moving = [schema for schema in self._builds if followed[schema].places]
        if not moving:
            return
        moves = [
            Move(schema, partition, places[schema].get(partition, Place(0)), to)
            for schema in moving
            for partition, to in followed[schema].places.items()
        ]
        try:
            async with self._connection.transaction():
                for schema in moving:
                    rows = Rows(self._connection, schema)
                    await self._handle(schema, followed[schema].fresh, rows)
                    await rows.flush()
                await move(self._connection, self._source, self._generation, moves)
        except Deposed:
            raise
        except Exception as error:
            if passes(error):
                raise
            log.warning("%s: a batch failed with %s: fact by fact", self._source, type(error).__name__)
            await self._parking.load(self._connection, self.consumers)
            await self._one_by_one(followed, moves)

    async def _one_by_one(self, followed: Mapping[str, Followed], moves: list[Move]) -> None:
        try:
            async with self._connection.transaction():
                for schema in dict.fromkeys(one.consumer for one in moves):
                    for record in followed[schema].fresh:
                        await self._handle_or_park(schema, record)
                await move(self._connection, self._source, self._generation, moves)
        except Deposed:
            await self._parking.load(self._connection, self.consumers)
            raise

    async def _handle(self, schema: str, records: Iterable[Record], rows: Rows) -> None:
        handles = self._handles[schema]
        for record in records:
            beat()
            if self._parking.waits(schema, record):
                await self._parking.park(self._connection, schema, record, WAITS)
                continue
            handle = handles.get(record.topic)
            waiting = None if handle is None else handle(record, rows)
            if waiting is not None:
                await waiting

    async def _handle_or_park(self, schema: str, record: Record) -> None:
        try:
            async with self._connection.transaction():
                rows = Rows(self._connection, schema)
                await self._handle(schema, [record], rows)
                await rows.flush()
        except Exception as error:
            if passes(error):
                raise
            log.error("%s: %s at %d parks its tenant", schema, type(error).__name__, record.position)
            await self._parking.park(self._connection, schema, record, type(error).__name__, heals=heals(error))

    async def retry(self, pointer: Pointer, record: Record) -> None:
        """One parked fact again; on failure its tenant goes on waiting. Raises Deposed, having stored nothing."""
        try:
            async with self._connection.transaction():
                rows = Rows(self._connection, pointer.consumer)
                handle = self._handles[pointer.consumer].get(record.topic)
                waiting = None if handle is None else handle(record, rows)
                if waiting is not None:
                    await waiting
                await rows.flush()
                await self._parking.done(self._connection, pointer)
        except Deposed:
            raise
        except Exception as error:
            if passes(error):
                raise
            await self._parking.failed_again(self._connection, pointer, type(error).__name__, heals=heals(error))


def handles_of(view: View, codec: Codec) -> dict[str, Handle]:
    """topic → how this view takes a record of it."""
    return {topic: handle_of(view, handler, codec) for topic, handler in view.HANDLERS.items()}


def handle_of(view: View, handler: Handler, codec: Codec) -> Handle:
    read, function = handler.reader(codec), handler.function

    def handle(record: Record, rows: Rows) -> Awaitable[None] | None:
        waiting: Awaitable[None] | None = function(view, read(record), rows)
        return waiting

    return handle
