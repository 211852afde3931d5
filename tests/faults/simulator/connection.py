"""A process's connection to the stand-in of PostgreSQL: each round trip takes time and may go wrong."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

import psycopg
from psycopg.errors import LockNotAvailable

from shared.writer import APPEND
from tests.faults.simulator.database import Blocked, Database, Transaction
from tests.faults.simulator.loop import Process
from tests.faults.simulator.network import Network
from tests.faults.simulator.statements import NOTHING, Outcome, run

LOCK_TIMEOUT = 2.0
COMMIT = "COMMIT"


class Request:
    """On its way to the server with the transaction it belongs to. `lasting`: what it does needs no later commit."""

    __slots__ = ("answer", "gone", "lasting", "late", "params", "query", "transaction", "unanswered")

    def __init__(self, query: Any, params: Any, transaction: Transaction, lasting: bool, answer: Any) -> None:
        self.query, self.params, self.transaction, self.lasting, self.answer = (
            query,
            params,
            transaction,
            lasting,
            answer,
        )
        self.gone = self.late = self.unanswered = False


class Connection:
    def __init__(self, network: Network, database: Database, process: Process) -> None:
        process.must_live()
        self._network = network
        self._loop = network.loop
        self._database = database
        self._process = process
        self._transaction = Transaction(database)
        self._depth = 0
        self._flying: Request | None = None
        self._heard: asyncio.Future[None] | None = None
        self.closed = False
        self.adapters = self
        process.sessions.append(self)

    def register_dumper(self, *_: Any) -> None:
        """Nothing is dumped here."""

    async def execute(self, query: Any, params: Any = None, **_: Any) -> "Cursor":
        return Cursor(self, await self.request(query, params))

    @asynccontextmanager
    async def cursor(self, **_: Any) -> AsyncIterator["Cursor"]:
        yield Cursor(self, NOTHING)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        before = dict(self._transaction.written)
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth:
                self._transaction.written = before
            elif not self.closed:
                self._transaction.rollback()
            raise
        self._depth -= 1
        if not self._depth:
            await self.request(COMMIT, None)

    async def notifies(self, *, timeout: float, stop_after: int) -> AsyncIterator[None]:  # noqa: ASYNC109
        self._must_be_open()
        heard = self._heard = self._loop.create_future()
        self._database.listeners.append(heard)
        handle = self._loop.call_later(timeout, settle, heard)
        try:
            await heard
        finally:
            handle.cancel()
        yield None

    async def request(self, query: Any, params: Any) -> Outcome:
        self._must_be_open()
        chances = self._network.chances
        lasting = not self._depth
        request = Request(query, params, self._transaction, lasting, self._loop.create_future())
        self._flying = request
        delay = chances.latency()
        fault = self._network.fault("last" if lasting else "statement", self._process)
        if fault is not None:
            where = f"{self._process.name}: {shown(query)}"
            self._network.inject(fault, where)
            if fault == "delay":
                delay += chances.long()
            elif fault == "lost-reply":
                request.unanswered = True
            elif fault == "late":
                request.late = True
                self._database.late += 1
                delay += chances.long()
                self._transaction = Transaction(self._database)
                self.end()
            else:
                request.gone = True
                self.end()
        self._loop.serve_later(delay, self._arrive, request)
        try:
            outcome: Outcome = await request.answer
        except asyncio.CancelledError:
            if self._process.alive:
                self._withdraw(request)
            raise
        return outcome

    def _must_be_open(self) -> None:
        self._process.must_live()
        if self.closed:
            raise psycopg.OperationalError("the connection is closed")

    def _withdraw(self, request: Request) -> None:
        """The client does not wait any more: done or not, who knows, but nothing comes of it later."""
        if not request.gone and request.lasting and self._network.rng.random() < 0.5:
            self._arrive(request)
        request.gone = True
        if request.lasting:
            request.transaction.rollback()

    def _arrive(self, request: Request) -> None:
        if request.gone:
            return
        transaction = request.transaction
        before = dict(transaction.written)
        try:
            outcome = NOTHING if request.query is COMMIT else run(transaction, request.query, request.params)
        except Blocked as blocked:
            transaction.written = before
            self._database.waiting.setdefault(blocked.place, []).append(lambda: self._arrive(request))
            if request.params is not None:
                self._loop.serve_later(LOCK_TIMEOUT, self._give_up, request)
            return
        request.gone = True
        if request.lasting:
            transaction.commit()
        if request.late:
            self._database.late -= 1
        elif request.unanswered:
            self.end()
        elif not request.answer.done():
            request.answer.set_result(outcome)

    def _give_up(self, request: Request) -> None:
        if not request.gone:
            request.gone = True
            if request.late:
                self._database.late -= 1
            if request.lasting or request.answer.done():
                request.transaction.rollback()
            if not request.answer.done():
                request.answer.set_exception(LockNotAvailable("lock timeout"))

    def end(self) -> None:
        """The session is over, for both sides."""
        if self.closed:
            return
        self.closed = True
        self._transaction.rollback()
        error = psycopg.OperationalError("server closed the connection unexpectedly")
        flying = self._flying
        if flying is not None and not flying.answer.done():
            flying.gone |= not flying.late
            flying.answer.set_exception(error)
        if self._heard is not None and not self._heard.done():
            self._heard.set_exception(error)

    def die(self) -> None:
        """The client is gone. What was on its way arrives; what was not committed then is lost."""
        flying = self._flying
        if self.closed or flying is None or flying.gone or not flying.lasting:
            self.end()
        self.closed = True

    async def close(self) -> None:
        self.end()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


class Cursor:
    def __init__(self, connection: Connection, outcome: Outcome) -> None:
        self._connection = connection
        self._rows, self.rowcount = outcome

    async def execute(self, query: Any, params: Any = None, **_: Any) -> "Cursor":
        self._rows, self.rowcount = await self._connection.request(query, params)
        return self

    async def fetchall(self) -> list[Any]:
        return self._rows

    async def fetchone(self) -> Any:
        return self._rows[0] if self._rows else None


class Pool:
    """Connections of one process, made when they are needed."""

    def __init__(self, network: Network, database: Database, process: Process) -> None:
        self._made = (network, database, process)
        self._idle: list[Connection] = []

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        connection = self._idle.pop() if self._idle else Connection(*self._made)
        try:
            yield connection
        finally:
            if not connection.closed:
                self._idle.append(connection)


def settle(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def shown(query: Any) -> str:
    if query is APPEND:
        return "append"
    text = query.decode() if isinstance(query, bytes) else query if isinstance(query, str) else type(query).__name__
    return str(text)[:40]
