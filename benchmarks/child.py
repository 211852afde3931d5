"""A role of a worker as a child: started, watched until it has come somewhere, ended."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from benchmarks.cpu import tree_seconds
from shared.database import Connection, scalar

LOOK_EVERY = 0.01
PATIENCE = 900.0
BY_NAME = "SELECT coalesce(sum(position), 0) FROM positions WHERE consumer = %s"
OF_RELAY = "SELECT coalesce(max(position), 0) FROM relay"


@dataclass(frozen=True)
class Progress:
    """`began` is when the role began, `moved` when it was first seen elsewhere than at its start."""

    began: float
    moved: float
    ended: float
    start: int
    first: int
    last: int

    @property
    def seconds(self) -> float:
        return self.ended - self.began

    @property
    def pace(self) -> float:
        """Positions a second once it moved, without what the start of the role costs."""
        if self.ended > self.moved:
            return (self.last - self.first) / (self.ended - self.moved)
        return (self.last - self.start) / self.seconds


class Child:
    def __init__(self, process: asyncio.subprocess.Process, began: float) -> None:
        self._process = process
        self._began = began

    @property
    def cpu(self) -> float:
        return tree_seconds([self._process.pid])

    async def reached(self, connection: Connection, query: str, consumer: str | None, target: int) -> Progress:
        """Until the position that this query tells is `target`."""
        params = () if consumer is None else (consumer,)
        start = place = int(await scalar(connection, query, params))
        moved, first = 0.0, start
        async with asyncio.timeout(PATIENCE):
            while place < target:
                if self._process.returncode is not None:
                    raise RuntimeError(f"the role ended with {self._process.returncode}")
                await asyncio.sleep(LOOK_EVERY)
                place = int(await scalar(connection, query, params))
                if place > start and not moved:
                    moved, first = time.perf_counter(), place
        return Progress(self._began, moved, time.perf_counter(), start, first, place)


@asynccontextmanager
async def role(environment: dict[str, str], *arguments: str) -> AsyncIterator[Child]:
    """From the moment it leads."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "benchmarks.role", *arguments),
        env=os.environ | environment,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        if not await process.stdout.readline():
            raise RuntimeError(f"the role did not start: {' '.join(arguments)}")
        yield Child(process, time.perf_counter())
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
