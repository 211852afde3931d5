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
BY_NAME = "SELECT coalesce(max(position), 0) FROM positions WHERE consumer = %s"
LIVE = (
    "SELECT coalesce(max(position), 0) FROM positions JOIN builds b ON b.schema = consumer AND b.live WHERE b.view = %s"
)
NAME = "SELECT schema FROM builds WHERE live AND view = %s"
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
        if self.last - self.first > (self.last - self.start) / 2:
            return (self.last - self.first) / (self.ended - self.moved)
        return (self.last - self.start) / self.seconds


class Child:
    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._began = time.perf_counter()
        self._spent = tree_seconds([process.pid])

    @property
    def cpu(self) -> float:
        """Seconds since it leads."""
        return tree_seconds([self._process.pid]) - self._spent

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
        yield Child(process)
    finally:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def make_live(log: Connection, followed: Connection, view: str, source: str, environment: dict[str, str]) -> str:
    """The name of a view's live build. The first one is made, and made live, by the worker itself."""
    if (schema := await scalar(followed, NAME, (view,))) is not None:
        return str(schema)
    service = str(await scalar(followed, "SELECT current_schema()"))
    head = int(await scalar(log, "SELECT log_head()"))
    async with role(environment, f"read {source}", service, view) as worker:
        await worker.reached(followed, LIVE, view, head)
    return str(await scalar(followed, NAME, (view,)))
