"""A reader follows one source: it fills views, then runs reactions, and moves their positions with the effects."""

import logging
from collections.abc import Awaitable, Callable, Iterable

from prometheus_client import Gauge

from shared import telemetry
from shared.builds import Build
from shared.chain import Followed, Place, follow
from shared.database import Connection
from shared.filling import Filling
from shared.gauges import BROKEN, POSITION, SKIPPED
from shared.kernel import Kernel
from shared.parking import Parking, Pointer
from shared.positions import load_places
from shared.pulse import beat
from shared.reacting import Reacting
from shared.reactions import Reaction
from shared.records import Record
from shared.span_links import recent

log = logging.getLogger(__name__)

Fetch = Callable[[Pointer], Awaitable[Record]]


class HistoryGap(Exception):
    """The own log misses a position: corruption. Never skipped."""


class FactMissing(Exception):
    """The source does not hold a parked fact now, as a topic that was made anew and is not yet filled again."""


class Reader:
    """Its consumers are builds of views and reactions; each keeps its own place in each partition."""

    def __init__(
        self,
        kernel: Kernel,
        connection: Connection,
        source: str,
        generation: int,
        builds: Iterable[Build],
        reactions: Iterable[Reaction],
    ) -> None:
        self.source = source
        self.generation = generation
        self.places: dict[str, dict[int, Place]] = {}
        self.broken = 0
        self._shown: dict[tuple[str, int], Gauge] = {}
        self._own = source == kernel.service.name
        self._known = kernel.codec.types
        self._connection = connection
        self._parking = Parking(source, generation)
        self._filling = Filling(kernel.codec, connection, self._parking, source, generation, builds)
        self._reacting = Reacting(kernel, connection, self._parking, source, generation, reactions)

    @property
    def consumers(self) -> list[str]:
        return [*self._filling.consumers, *self._reacting.consumers]

    async def start(self) -> None:
        self.places = await load_places(self._connection, self.source, self.generation, self.consumers)
        await self._parking.load(self._connection, self.consumers)
        await self._reacting.start()

    def lowest(self) -> dict[int, Place]:
        """Per partition the place of the consumer that is furthest behind: where reading must begin."""
        lowest: dict[int, Place] = {}
        for places in self.places.values():
            for partition, place in places.items():
                if partition not in lowest or place.position < lowest[partition].position:
                    lowest[partition] = place
        return lowest

    async def apply(self, records: list[Record]) -> int:
        """Applies what follows on each consumer's place; returns how many records did not follow.

        Raises Deposed, HistoryGap and transient errors. What was not moved is applied again after `start()`."""
        followed = {name: follow(self.places[name], records) for name in self.consumers}
        broken = max((one.broken for one in followed.values()), default=0)
        if broken:
            self.broken += broken
            BROKEN.labels(self.source).inc(broken)
            log.warning("%s: %d records do not follow on what was read", self.source, broken)
            if self._own:
                raise HistoryGap(f"{self.source}: a position before {records[0].position} is missing")
        if self._own and (unknown := sum(record.topic not in self._known for record in records)):
            SKIPPED.labels(self.source, "unknown-type").inc(unknown)
        with telemetry.batch_span("fill", recent(records), records=len(records)):
            await self._filling.apply(followed, self.places)
        self._advance(self._filling.consumers, followed)
        await self._reacting.apply(followed, self.places)
        self._advance(self._reacting.consumers, followed)
        beat()
        return broken

    def _advance(self, consumers: Iterable[str], followed: dict[str, Followed]) -> None:
        for name in consumers:
            self.places[name] = {**self.places[name], **followed[name].places}
            for partition, place in followed[name].places.items():
                shown = self._shown.get((name, partition))
                if shown is None:
                    shown = self._shown[name, partition] = POSITION.labels(name, self.source, partition)
                shown.set(place.position)

    async def retry_parked(self, fetch: Fetch) -> None:
        """Tries what an operator asked for, in order, while nothing else moves."""
        beat()
        for pointer in await self._parking.wanted(self._connection, self.consumers):
            if not await self._parking.still_wanted(self._connection, pointer):
                continue
            beat()
            try:
                record = await fetch(pointer)
            except FactMissing as missing:
                log.warning("%s", missing)
                await self._parking.failed_again(self._connection, pointer, FactMissing.__name__, heals=True)
                continue
            if pointer.consumer in self._filling.consumers:
                await self._filling.retry(pointer, record)
            else:
                await self._reacting.retry(pointer, record)
        await self._parking.load(self._connection, self.consumers)
