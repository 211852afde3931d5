"""Filling views: rows and positions of all builds in one transaction; what fails by itself is parked."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.builds import Build
from shared.chain import Followed, Place
from shared.codec import Codec
from shared.database import Connection
from shared.facts import Fact
from shared.faults import heals, passes
from shared.parking import WAITS, Parking, Pointer
from shared.positions import Deposed, Move, move
from shared.pulse import beat
from shared.records import Record
from shared.tables import Rows

log = logging.getLogger(__name__)

Read = Callable[[Record], Fact[Any]]


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
        self._views = {build.schema: build.view() for build in self._builds.values()}
        self._reads: dict[str, dict[str, Read]] = {
            build.schema: {topic: handler.reader(codec) for topic, handler in build.view.HANDLERS.items()}
            for build in self._builds.values()
        }
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
                    for record in followed[schema].fresh:
                        await self._handle(schema, record, rows)
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

    async def _handle(self, schema: str, record: Record, rows: Rows) -> None:
        beat()
        if self._parking.waits(schema, record):
            await self._parking.park(self._connection, schema, record, WAITS)
            return
        read = self._reads[schema].get(record.topic)
        if read is None:
            return
        view = self._views[schema]
        outcome = view.HANDLERS[record.topic].function(view, read(record), rows)
        if outcome is not None:
            await outcome

    async def _handle_or_park(self, schema: str, record: Record) -> None:
        try:
            async with self._connection.transaction():
                rows = Rows(self._connection, schema)
                await self._handle(schema, record, rows)
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
                read = self._reads[pointer.consumer].get(record.topic)
                if read is not None:
                    view = self._views[pointer.consumer]
                    outcome = view.HANDLERS[record.topic].function(view, read(record), rows)
                    if outcome is not None:
                        await outcome
                await rows.flush()
                await self._parking.done(self._connection, pointer)
        except Deposed:
            raise
        except Exception as error:
            if passes(error):
                raise
            await self._parking.failed_again(self._connection, pointer, type(error).__name__, heals=heals(error))
