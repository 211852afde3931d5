"""Tables of views, and the rows that one batch of facts puts, changes and removes in them."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from psycopg import sql
from psycopg.rows import dict_row

from shared.array_literals import array_literal
from shared.database import Connection

Row = dict[str, Any]
Key = tuple[Any, ...]


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
        table = sql.Identifier(schema, self.name)
        columns = [
            sql.SQL("{} {}{}").format(
                sql.Identifier(name),
                sql.SQL(kind),
                sql.SQL(' COLLATE "C"') if kind == "text" else sql.SQL(""),
            )
            for name, kind in self.columns.items()
        ]
        statements = [
            sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(
                table, sql.SQL(", ").join(columns), identifiers(self.key)
            )
        ]
        statements += [sql.SQL("CREATE INDEX ON {} ({})").format(table, identifiers(names)) for names in self.indexes]
        return statements

    def key_of(self, row: Mapping[str, Any]) -> Key:
        return tuple(row[name] for name in self.key)


def identifiers(names: Sequence[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


@dataclass(slots=True)
class Change:
    kind: Literal["put", "change", "remove"]
    values: Row


class Rows:
    """What a batch does to the tables of one build: folded per key in memory, written by one statement per table."""

    def __init__(self, connection: Connection, schema: str) -> None:
        self._connection = connection
        self._schema = schema
        self._changes: dict[Table, dict[Key, Change]] = {}

    def put(self, table: Table, row: Row) -> None:
        """The whole row, new or in place of the one with its key."""
        if row.keys() != table.columns.keys():
            raise ValueError(f"{table.name}: a row has all columns, {sorted(row.keys() ^ set(table.columns))} differ")
        self._changes.setdefault(table, {})[table.key_of(row)] = Change("put", row)

    def change(self, table: Table, key: Key, **values: Any) -> None:
        """Some columns of the row with this key, if there is one."""
        if len(key) != len(table.key) or not values.keys() <= table.columns.keys():
            raise ValueError(f"{table.name}: the key is {table.key}, and {sorted(values)} must be columns")
        changes = self._changes.setdefault(table, {})
        before = changes.get(key)
        if before is None:
            changes[key] = Change("change", values)
        elif before.kind != "remove":
            changes[key] = Change(before.kind, before.values | values)

    def remove(self, table: Table, key: Key) -> None:
        self._changes.setdefault(table, {})[key] = Change("remove", dict(zip(table.key, key, strict=True)))

    async def get(self, table: Table, key: Key) -> Row | None:
        """The row as the facts before this one left it."""
        before = self._changes.get(table, {}).get(key)
        if before is not None and before.kind != "change":
            return as_read(before.values) if before.kind == "put" else None
        async with self._connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(selection(self._schema, table), key, prepare=True)
            row = await cursor.fetchone()
        if row is None or before is None:
            return row
        return row | as_read(before.values)

    async def flush(self) -> None:
        for table, changes in self._changes.items():
            groups: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
            for key, change in changes.items():
                row = change.values
                if change.kind == "change":
                    row = row | dict(zip(table.key, key, strict=True))
                groups.setdefault((change.kind, tuple(row)), []).append(row)
            for (kind, names), rows in groups.items():
                await self._write(table, kind, names, rows)
        self._changes.clear()

    async def _write(self, table: Table, kind: str, names: tuple[str, ...], rows: list[Row]) -> None:
        arrays = [array_literal([row[name] for row in rows], table.columns[name]) for name in names]
        await self._connection.execute(statement(self._schema, table, kind, names), arrays, prepare=True)


def as_read(values: Row) -> Row:
    """What a handler gets does not depend on whether the batch was written in between."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


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


def statement(schema: str, table: Table, kind: str, names: tuple[str, ...]) -> sql.Composed:
    """One set-based statement: the columns come as arrays."""
    target = sql.Identifier(schema, table.name)
    fields = [
        sql.SQL("{}.{}::{}").format(sql.Identifier("n"), sql.Identifier(name), sql.SQL(table.columns[name]))
        for name in names
    ]
    source = sql.SQL("unnest({}) AS n({})").format(
        sql.SQL(", ").join(sql.SQL("%s::" + plain(table.columns[name]) + "[]") for name in names),
        identifiers(names),
    )
    rest = [name for name in names if name not in table.key]
    same = sql.SQL(" AND ").join(sql.SQL("t.{0} = n.{0}").format(sql.Identifier(name)) for name in table.key)
    if kind == "put":
        update = sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest)
        action = sql.SQL("DO UPDATE SET {}").format(update) if rest else sql.SQL("DO NOTHING")
        return sql.SQL("INSERT INTO {} ({}) SELECT {} FROM {} ON CONFLICT ({}) {}").format(
            target, identifiers(names), sql.SQL(", ").join(fields), source, identifiers(table.key), action
        )
    if kind == "change":
        update = sql.SQL(", ").join(
            sql.SQL("{0} = n.{0}::{1}").format(sql.Identifier(name), sql.SQL(table.columns[name])) for name in rest
        )
        return sql.SQL("UPDATE {} AS t SET {} FROM {} WHERE {}").format(target, update, source, same)
    return sql.SQL("DELETE FROM {} AS t USING {} WHERE {}").format(target, source, same)


def plain(kind: str) -> str:
    """Arrays travel as text, one literal per row."""
    return "text" if kind.endswith("[]") else kind
