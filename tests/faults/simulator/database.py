"""A stand-in for PostgreSQL: tables in memory, READ COMMITTED, row locks until the end of the transaction."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

from tests.faults.simulator.appending import Log
from tests.faults.simulator.loop import VirtualLoop

Row = dict[str, Any]
Key = tuple[Any, ...]
Place = tuple[str, Key]


class Blocked(Exception):
    """Another transaction holds a row."""

    def __init__(self, place: Place) -> None:
        self.place = place


class Database:
    def __init__(self, loop: VirtualLoop, name: str) -> None:
        self.loop = loop
        self.name = name
        self.log = Log()
        self.tables: dict[str, dict[Key, Row]] = {}
        self.locks: dict[Place, Transaction] = {}
        self.waiting: dict[Place, list[Callable[[], None]]] = {}
        self.listeners: list[asyncio.Future[None]] = []
        self.on_commit: Callable[[Database, dict[Place, Row | None]], None] = lambda *_: None
        self.changes = 0
        self.late = 0

    def table(self, name: str) -> dict[Key, Row]:
        return self.tables.setdefault(name, {})

    def notify(self) -> None:
        listeners, self.listeners = self.listeners, []
        for future in listeners:
            if not future.done():
                future.set_result(None)


class Transaction:
    """What one session has written and not yet committed."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.written: dict[Place, Row | None] = {}
        self.held: list[Place] = []

    def get(self, table: str, key: Key) -> Row | None:
        place = (table, key)
        if place in self.written:
            return self.written[place]
        return self.database.table(table).get(key)

    def scan(self, table: str) -> Iterator[Row]:
        rows: dict[Key, Row | None] = dict(self.database.table(table))
        rows.update({place[1]: row for place, row in self.written.items() if place[0] == table})
        return (row for row in rows.values() if row is not None)

    def lock(self, table: str, key: Key) -> None:
        """Raises Blocked."""
        place = (table, key)
        holder = self.database.locks.setdefault(place, self)
        if holder is not self:
            raise Blocked(place)
        self.held.append(place)

    def put(self, table: str, key: Key, row: Row | None) -> None:
        self.lock(table, key)
        self.written[table, key] = row

    def commit(self) -> None:
        written, self.written = self.written, {}
        if written:
            database = self.database
            before = {place: database.table(place[0]).get(place[1]) for place in written}
            for (table, key), row in written.items():
                if row is None:
                    database.table(table).pop(key, None)
                else:
                    database.table(table)[key] = row
            database.changes += 1
            database.on_commit(database, before)
        self._release()

    def rollback(self) -> None:
        self.written = {}
        self._release()

    def _release(self) -> None:
        held, self.held = self.held, []
        for place in held:
            if self.database.locks.get(place) is self:
                del self.database.locks[place]
            for again in self.database.waiting.pop(place, ()):
                self.database.loop.serve_later(0.0, again)
