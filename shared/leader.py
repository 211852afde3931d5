"""Leadership: session advisory locks on one direct connection, which the server ends when its owner falls silent."""

import asyncio
import logging
import zlib
from collections.abc import Awaitable, Callable, Mapping

import psycopg

from shared.database import Connection, check_server, connect
from shared.gauges import FAILED, LEADS, forget_all

log = logging.getLogger(__name__)

PING_EVERY, TRY_EVERY = 1.0, 2.0
BACK_OFF = (0.1, 10.0)
CANCEL_EVERY = 3.0
"""A cancellation may be lost in somebody's code: it is sent again."""

Role = Callable[["Leadership"], Awaitable[None]]


class Leadership:
    """Holds all locks of one worker process. While it runs, `connection` is open and pinged every second."""

    def __init__(self, dsn: str, service: str) -> None:
        self._dsn = dsn
        self._service = service
        self._connection: Connection | None = None
        self._ending = False
        self.held: set[str] = set()

    @property
    def connection(self) -> Connection:
        if self._connection is None:
            raise psycopg.OperationalError("leadership was lost")
        return self._connection

    async def run(self, roles: Mapping[str, Role]) -> None:
        """Runs each role while this process leads it; a role that fails starts again after a pause. Endless.

        Raises UnsafeDatabase when the server that it comes back to holds another history."""
        while True:
            try:
                self._connection = await connect(
                    self._dsn, search_path=self._service, idle_session_timeout="5s", lock_timeout="2s"
                )
                await check_server(self._connection)
                await self._run_all(roles)
            except (psycopg.Error, OSError) as lost:
                log.warning("leadership lost: %s", type(lost).__name__)
            finally:
                self.held.clear()
                forget_all()
                if self._connection is not None:
                    await self._connection.close()
                    self._connection = None
            await asyncio.sleep(TRY_EVERY)

    async def _run_all(self, roles: Mapping[str, Role]) -> None:
        """Until the connection fails or this task is cancelled; then every role has ended, whatever it met on its way.

        A task group would turn what a role raises while it ends into the outcome, in place of the cancellation."""
        self._ending = False
        tasks = [asyncio.create_task(self._ping())]
        tasks += [asyncio.create_task(self._lead(name, role), name=name) for name, role in roles.items()]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ending = True
            pending = set(tasks)
            while pending:
                for task in pending:
                    task.cancel()
                _, pending = await asyncio.wait(pending, timeout=CANCEL_EVERY)
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _ping(self) -> None:
        while True:
            await self.connection.execute("SELECT 1")
            await asyncio.sleep(PING_EVERY)

    async def take(self, name: str) -> bool:
        """Tries the lock of this name; True when this process holds it now."""
        if name not in self.held:
            cursor = await self.connection.execute(
                "SELECT pg_try_advisory_lock(%s, %s::regnamespace::oid::int)",
                (lock_of(name), self._service),
            )
            row = await cursor.fetchone()
            if row is not None and row[0]:
                self.held.add(name)
        return name in self.held

    async def _lead(self, name: str, role: Role) -> None:
        while not await self.take(name):  # noqa: ASYNC110 - nobody tells when a lock comes free
            await asyncio.sleep(TRY_EVERY)
        log.info("leads %s", name)
        LEADS.labels(label_of(name)).set(1)
        pause = BACK_OFF[0]
        loop = asyncio.get_running_loop()
        while True:
            began = loop.time()
            try:
                await role(self)
            except asyncio.CancelledError:
                if self._ending:
                    raise
                log.warning("%s met a cancelled task and starts again", name)
            except Exception as failure:
                if self._connection is None or self._connection.closed:
                    raise psycopg.OperationalError("leadership was lost") from failure
                error = first_of(failure)
                log.warning("%s failed and starts again: %s", name, type(error).__name__, exc_info=error)
                FAILED.labels(label_of(name), type(error).__name__).inc()
            if self._ending:
                raise asyncio.CancelledError
            pause = BACK_OFF[0] if loop.time() - began > BACK_OFF[1] else min(pause * 2, BACK_OFF[1])
            await asyncio.sleep(pause)


def lock_of(name: str) -> int:
    """The number of its advisory lock, beside the schema's."""
    return zlib.crc32(name.encode()) - 2**31


def label_of(name: str) -> str:
    """A reader by its source, without the release that it is of."""
    return " ".join(name.split(" ")[:2])


def first_of(error: Exception) -> Exception:
    """What went wrong in a role of several tasks."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error
