"""How late the loop of a process comes round: what holds it up, holds up everybody in it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from prometheus_client import Histogram

LATE = Histogram(
    "rollbook_loop_lag_seconds",
    "How much later than asked the event loop came round",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 5),
)
EVERY = 0.25


@asynccontextmanager
async def watched_loop() -> AsyncIterator[None]:
    watching = asyncio.create_task(_watch())
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.wait([watching])


async def _watch() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        LATE.observe(max(loop.time() - due, 0))
