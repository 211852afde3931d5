"""Tables of views, and the rows that one batch of facts puts, changes and removes in them."""

import functools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

from psycopg import sql
from psycopg.rows import dict_row

from shared.array_literals import array_literal
from shared.database import Connection

Row = dict[str, Any]
Key = tuple[Any, ...]
Kind = Literal["put", "change", "remove"]


@dataclass(frozen=True, eq=False)
class Table:
    """`columns` maps names to PostgreSQL types; `key` and every index begin with tenant_id."""

    name: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    indexes: tuple[tuple[str, ...], ...] = ()

    def __post_init__(self) -> None:
        for names in (self.key, *self.indexes):
            if names[0] != "tenant_id" or not set(names) <= set(self.columns):
                raise ValueError(f"{self.name}: {names} must begin with tenant_id and name columns")
        if self.columns["tenant_id"] != "uuid":
            raise ValueError(f"{self.name}: tenant_id is a uuid")

    def ddl(self, schema: str) -> list[sql.Composed]:
        return [self.bare(schema), *self.indexing(schema)]

    def bare(self, schema: str) -> sql.Composed:
        table = sql.Identifier(schema, self.name)
        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(name),
                sql.SQL(kind),
                sql.SQL(' COLLATE "C"') if kind == "text" else sql.SQL(""),
            )
            for name, kind in self.columns.items()
        ]
        return sql.SQL("CREATE TABLE {} ({})").format(table, sql.SQL(", ").join(columns))

    def indexing(self, schema: str) -> list[sql.Composed]:
        """The key and the indexes."""
        table = sql.Identifier(schema, self.name)
        return [
            sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(table, identifiers(self.key)),
            *[sql.SQL("CREATE INDEX ON {} ({})").format(table, identifiers(names)) for names in self.indexes],
        ]

    @functools.cached_property
    def key_of(self) -> Callable[[Row], Key]:
        """The key of a row."""
        if len(self.key) == 1:
            return lambda row: (row["tenant_id"],)
        return itemgetter(*self.key)

    @functools.cached_property
    def _lists(self) -> frozenset[str]:
        return frozenset(name for name, kind in self.columns.items() if kind.endswith("[]") or kind == "jsonb")

    def as_read(self, values: Row) -> Row:
        """What a handler gets does not depend on whether the batch was written in between."""
        read = dict(values)
        for name in self._lists & values.keys():
            if isinstance(read[name], tuple):
                read[name] = list(read[name])
        return read


def identifiers(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


@dataclass(slots=True)
class Changes:
    """What is to become of the rows of one table; a key stands in one of the three."""

    put: dict[Key, Row] = field(default_factory=dict)
    changed: dict[Key, Row] = field(default_factory=dict)
    removed: set[Key] = field(default_factory=set)


class Rows:
    """What a batch does to the tables of one build: folded per key in memory, written by one statement per table."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._changes: defaultdict[Table, Changes] = defaultdict(Changes)

    def put(self, table: Table, row: Row) -> None:
        """The whole row, new or in place of the one with its key."""
        if row.keys() != table.columns.keys():
            raise ValueError(f"{table.name}: a row has all columns, {sorted(row.keys() ^ set(table.columns))} differ")
        changes = self._changes[table]
        key = table.key_of(row)
        changes.put[key] = row
        if changes.changed:
            changes.changed.pop(key, None)
        if changes.removed:
            changes.removed.discard(key)

    def change(self, table: Table, key: Key, **values: Any) -> None:
        """Some columns of the row with this key, if there is one."""
        if len(key) != len(table.key) or not values.keys() <= table.columns.keys():
            raise ValueError(f"{table.name}: the key is {table.key}, and {sorted(values)} must be columns")
        changes = self._changes[table]
        row = changes.put.get(key)
        if row is not None:
            changes.put[key] = row | values
        elif key not in changes.removed:
            changes.changed[key] = changes.changed.get(key, {}) | values

    def remove(self, table: Table, key: Key) -> None:
        changes = self._changes[table]
        changes.put.pop(key, None)
        changes.changed.pop(key, None)
        changes.removed.add(key)

    async def get(self, table: Table, key: Key) -> Row | None:
        """The row as the facts before this one left it."""
        changes = self._changes[table]
        row = changes.put.get(key)
        if row is not None:
            return table.as_read(row)
        if key in changes.removed:
            return None
        row = await self._stored(table, key)
        return row and row | table.as_read(changes.changed.get(key, {}))

    async def _stored(self, table: Table, key: Key) -> Row | None:
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(selection(self._schema, table), key, prepare=True)
            return await cursor.fetchone()

    async def flush(self) -> None:
        for table, changes in self._changes.items():
            await self._write(table, "put", tuple(table.columns), list(changes.put.values()))
            groups: dict[tuple[str, ...], list[Row]] = {}
            for key, values in changes.changed.items():
                row = values | dict(zip(table.key, key, strict=True))
                groups.setdefault(tuple(sorted(row)), []).append(row)
            for names, rows in groups.items():
                await self._write(table, "change", names, rows)
            removed = [dict(zip(table.key, key, strict=True)) for key in changes.removed]
            await self._write(table, "remove", table.key, removed)
        self._changes.clear()

    async def _write(self, table: Table, kind: Kind, names: tuple[str, ...], rows: list[Row]) -> None:
        if rows:
            query = statement(self._schema, table, kind, names)
            await self._connection.execute(query, arrays(table, names, rows), prepare=True)


def arrays(table: Table, names: tuple[str, ...], rows: list[Row]) -> list[str]:
    """The parameters of a set-based statement: a column each."""
    return [array_literal([row[name] for row in rows], table.columns[name]) for name in names]


@functools.cache
def selection(schema: str, table: Table) -> bytes:
    return (
        sql.SQL("SELECT {} FROM {} WHERE {}")
        .format(
            identifiers(tuple(table.columns)),
            sql.Identifier(schema, table.name),
            sql.SQL(" AND ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in table.key),
        )
        .as_bytes()
    )


@functools.cache
def statement(schema: str, table: Table, kind: Kind, names: tuple[str, ...]) -> bytes:
    """One set-based statement: the columns come as arrays."""
    target = sql.Identifier(schema, table.name)
    rest = [name for name in names if name not in table.key]
    same = sql.SQL(" AND ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(name)) for name in table.key)
    if kind == "put":
        update = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest)
        action = sql.SQL("DO UPDATE SET {}").format(update) if rest else sql.SQL("DO NOTHING")
        conflict = sql.SQL(" ON CONFLICT ({}) {}").format(identifiers(table.key), action)
        return insertion(schema, table) + conflict.as_bytes()
    if kind == "change":
        update = sql.SQL(", ").join(
            sql.SQL("{0} = n.{0}::{1}").format(sql.Identifier(name), sql.SQL(table.columns[name])) for name in rest
        )
        changed = sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {}")
        return changed.format(target, update, given(table, names), same).as_bytes()
    return sql.SQL("DELETE FROM {} AS t USING {} WHERE {}").format(target, given(table, names), same).as_bytes()


@functools.cache
def insertion(schema: str, table: Table) -> bytes:
    names = tuple(table.columns)
    fields = [sql.SQL("n.{}::{}").format(sql.Identifier(name), sql.SQL(table.columns[name])) for name in names]
    return (
        sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {}")
        .format(sql.Identifier(schema, table.name), identifiers(names), sql.SQL(", ").join(fields), given(table, names))
        .as_bytes()
    )


def given(table: Table, names: tuple[str, ...]) -> sql.Composed:
    columns = [sql.SQL("%s::" + plain(table.columns[name]) + "[]") for name in names]
    return sql.SQL("unnest({}) AS n({})").format(sql.SQL(", ").join(columns), identifiers(names))


def plain(kind: str) -> str:
    """Arrays travel as text, one literal per row."""
    return "text" if kind.endswith("[]") else kind
