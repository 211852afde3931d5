"""Readers that are broken in one way each, and ones that obey no leader or are slow."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from unittest.mock import patch

from shared.chain import Followed, Place
from shared.database import Connection
from shared.facts import Fact, Handler
from shared.filling import Filling
from shared.leader import Leadership
from shared.positions import Move, move
from shared.records import Record
from shared.views import Rows
from tests.faults.town.tallies import Totals


@contextmanager
def position_apart() -> Iterator[None]:
    """T3: the rows are committed first, the position afterwards."""
    held: dict[int, list[Move]] = {}
    fill = Filling.apply

    async def hold(connection: Connection, source: str, generation: int, moves: list[Move]) -> None:
        held[id(connection)] = moves

    async def apply(self: Filling, followed: Mapping[str, Followed], places: Mapping[str, Mapping[int, Place]]) -> None:
        await fill(self, followed, places)
        await move(self._connection, self._source, self._generation, held.pop(id(self._connection), []))

    with patch("shared.filling.move", hold), patch.object(Filling, "apply", apply):
        yield


@contextmanager
def no_positions() -> Iterator[None]:
    """T4: whatever comes is applied."""

    def take_all(places: Mapping[int, Place], records: Iterable[Record]) -> Followed:
        fresh = list(records)
        return Followed(fresh, {record.partition: Place(record.position, record.offset) for record in fresh})

    with patch("shared.reader.follow", take_all):
        yield


@contextmanager
def no_compare() -> Iterator[None]:
    """T11: a position is written without comparing it with the value that was read."""

    async def write(connection: Connection, source: str, generation: int, moves: list[Move]) -> None:
        for one in moves:
            await connection.execute(
                "UPDATE positions SET position = %s, kafka_offset = %s"
                " WHERE consumer = %s AND source = %s AND generation = %s AND partition = %s",
                (one.to.position, one.to.offset, one.consumer, source, generation, one.partition),
            )

    with patch("shared.filling.move", write), patch("shared.reacting.move", write):
        yield


@contextmanager
def leaderless() -> Iterator[None]:
    """No tooth, a fault: this process follows whatever there is, whoever else does."""
    ask = Leadership.take

    async def take(self: Leadership, name: str) -> bool:
        if not name.startswith(("read ", "follow ")):
            return await ask(self, name)
        self.held.add(name)
        return True

    with patch.object(Leadership, "take", take):
        yield


WAITS, WORKS = 0.076, 0.004
"""Seconds for each fact, a hundred times what the view needs: most of it as if its statements were slow."""


@contextmanager
def slow_totals() -> Iterator[None]:
    """No tooth, a fault: a view a hundred times slower."""

    def slowed(handler: Handler) -> Handler:
        async def function(view: Totals, fact: Fact[Any], rows: Rows) -> None:
            until = time.perf_counter() + WORKS
            while time.perf_counter() < until:
                pass
            await asyncio.sleep(WAITS)
            if (outcome := handler.function(view, fact, rows)) is not None:
                await outcome

        return replace(handler, function=function)

    with patch.object(Totals, "HANDLERS", {topic: slowed(one) for topic, one in Totals.HANDLERS.items()}):
        yield
