"""Hints for readers that something was stored: after the commit, at most one in 10 ms. A lost one costs latency."""

import asyncio
import contextlib
import logging

import psycopg

from shared.database import Connection, connect

log = logging.getLogger(__name__)

EVERY = 0.01


class Hints:
    """A connection of its own: a hint never stands between two appends."""

    def __init__(self, dsn: str, service: str) -> None:
        self._dsn = dsn
        self._statement = f"NOTIFY rollbook_{service}".encode()
        self._name = f"notifier-{service}"
        self._stored = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name=self._name)

    def give(self) -> None:
        self._stored.set()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def _run(self) -> None:
        connection: Connection | None = None
        try:
            while True:
                await self._stored.wait()
                self._stored.clear()
                try:
                    if connection is None or connection.closed:
                        connection = await connect(self._dsn, lock_timeout="2s", statement_timeout="5s")
                    await connection.execute(self._statement)
                except psycopg.Error:
                    log.debug("a hint was lost")
                await asyncio.sleep(EVERY)
        finally:
            if connection is not None:
                await connection.close()
