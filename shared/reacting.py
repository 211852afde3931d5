"""Running reactions: effects first, positions afterwards; derived keys make every effect happen once."""

import asyncio
import logging
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple, TypeVar

import structlog

from shared import telemetry
from shared.carried import Carried
from shared.chain import Followed, Place
from shared.codec import Undecodable
from shared.database import Connection
from shared.facts import Fact
from shared.faults import HEALING, LastingConflict, heals, passes
from shared.kernel import Kernel
from shared.parking import WAITS, Parking, Pointer
from shared.positions import Move, move
from shared.pulse import beat
from shared.reactions import Act, Reaction, call_of
from shared.records import Record
from shared.store import Conflict

log = logging.getLogger(__name__)

T = TypeVar("T")

SIDE_BY_SIDE = 16
PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0)
"""A key is acknowledged before what it seals is sent, but it travels on another topic: it is waited for. What lost
against another process is decided again. After the last pause the tenant is parked, and the others go on."""

RETRY_PAUSES = (0.05,)
"""Only a second try tells a conflict that lasts from one with others."""


Work = tuple[str, Record]
"""A reaction, and what it is to handle."""
Lane = list[Work]


class Failure(NamedTuple):
    reaction: str
    record: Record
    error: str
    heals: bool


class Reacting:
    def __init__(
        self,
        kernel: Kernel,
        connection: Connection,
        parking: Parking,
        source: str,
        generation: int,
        reactions: Iterable[Reaction],
    ) -> None:
        self._kernel = kernel
        self._connection = connection
        self._parking = parking
        self._source = source
        self._generation = generation
        self._carried = Carried(source, generation, own=source == kernel.service.name)
        self._reactions = {reaction.name: reaction for reaction in reactions}
        self._reads = {reaction.name: reaction.handler.reader(kernel.codec) for reaction in self._reactions.values()}

    @property
    def consumers(self) -> list[str]:
        return list(self._reactions)

    async def start(self) -> None:
        await self._carried.load(self._connection, self.consumers)

    async def apply(self, followed: Mapping[str, Followed], places: Mapping[str, Mapping[int, Place]]) -> None:
        """Tenants side by side, each one's facts in order, but for those that a reaction keeps apart; reactions in
        declared order. Raises Deposed and transient errors; effects stored before are found again by their keys."""
        moves = [
            Move(name, partition, places[name].get(partition, Place(0)), to)
            for name in self._reactions
            for partition, to in followed[name].places.items()
        ]
        if not moves:
            return
        tenants = self._by_tenant(followed)
        slots = asyncio.Semaphore(SIDE_BY_SIDE)
        outcomes = await together([self._of_tenant(work, slots) for work in tenants.values()])
        async with self._connection.transaction():
            for failures in outcomes:
                for name, record, error, healing in failures:
                    await self._parking.park(self._connection, name, record, error, heals=healing)
            await move(self._connection, self._source, self._generation, moves)

    def _by_tenant(self, followed: Mapping[str, Followed]) -> dict[Any, list[Work]]:
        """tenant → (reaction, record) in order of the records, then of the reactions."""
        order: dict[tuple[int, int], list[Work]] = {}
        for name, reaction in self._reactions.items():
            for record in followed[name].fresh:
                if record.topic == reaction.handler.topic and not self._carried.handled(name, record):
                    order.setdefault((record.partition, record.position), []).append((name, record))
        tenants: dict[Any, list[Work]] = {}
        for _, work in sorted(order.items()):
            tenants.setdefault(work[0][1].tenant_id, []).extend(work)
        return tenants

    async def _of_tenant(self, work: Iterable[Work], slots: asyncio.Semaphore) -> list[Failure]:
        failures: list[Failure] = []
        for lanes in self._in_lanes(work):
            stopped = {failure.reaction for failure in failures}
            ended = await together([self._run(lane, stopped, slots) for lane in lanes])
            failures += [failure for lane in ended for failure in lane]
        return failures

    def _in_lanes(self, work: Iterable[Work]) -> Iterator[Iterable[Lane]]:
        """What may go side by side, and then what waits for all of it."""
        for alike, items in groupby(((self._apart(*one), one) for one in work), key=lambda item: item[0] is None):
            lanes: dict[object, Lane] = {}
            for key, one in items:
                lanes.setdefault(None if alike else key, []).append(one)
            yield lanes.values()

    def _apart(self, name: str, record: Record) -> object:
        """What its reaction tells facts apart by; None where they go one after the other, or cannot be read."""
        field = self._reactions[name].apart
        if field is None:
            return None
        try:
            return getattr(self._reads[name](record).data, field)
        except Undecodable:
            return None

    async def _run(self, lane: Lane, stopped: set[str], slots: asyncio.Semaphore) -> list[Failure]:
        async with slots:
            return await self._in_order(lane, set(stopped))

    async def _in_order(self, lane: Lane, stopped: set[str]) -> list[Failure]:
        failures: list[Failure] = []
        for name, record in lane:
            beat()
            if name in stopped or self._parking.waits(name, record):
                failures.append(Failure(name, record, WAITS, heals=False))
                continue
            try:
                await self._react(name, record, PAUSES)
            except Exception as error:
                if passes(error):
                    raise
                log.error("%s: %s at %d parks its tenant", name, type(error).__name__, record.position)
                stopped.add(name)
                failures.append(Failure(name, record, type(error).__name__, heals(error)))
        return failures

    async def _react(self, name: str, record: Record, pauses: Iterable[float]) -> None:
        reaction = self._reactions[name]
        fact: Fact[Any] = self._reads[name](record)
        ids = {"correlation_id": str(fact.correlation_id), "tenant": str(fact.tenant_id)}
        with (
            telemetry.following(fact.traceparent),
            telemetry.span("reaction", reaction=name),
            structlog.contextvars.bound_contextvars(**ids),
        ):
            act = Act(self._kernel, call_of(reaction, fact))
            before: Exception | None = None
            for pause in pauses:
                try:
                    await reaction.handler.function(fact, act)
                except HEALING as error:
                    before = error
                    await asyncio.sleep(pause)
                else:
                    return
            try:
                await reaction.handler.function(fact, act)
            except Conflict as conflict:
                if conflict.repeats(before):
                    raise LastingConflict from conflict
                raise

    async def retry(self, pointer: Pointer, record: Record) -> None:
        """One parked fact again; on failure its tenant goes on waiting. Raises Deposed."""
        try:
            if record.topic == self._reactions[pointer.consumer].handler.topic:
                await self._react(pointer.consumer, record, RETRY_PAUSES)
        except Exception as error:
            if passes(error):
                raise
            await self._parking.failed_again(self._connection, pointer, type(error).__name__, heals=heals(error))
        else:
            await self._parking.done(self._connection, pointer)


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """All results, or the first error; then nothing runs any more."""
    if len(work) == 1:
        return [await work[0]]
    try:
        async with asyncio.TaskGroup() as group:
            running = [group.create_task(one) for one in work]
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return [task.result() for task in running]
