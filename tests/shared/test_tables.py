"""Rows of views: every type, every order of puts, changes and removals, in one batch or in many."""

import secrets
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Any
from uuid import UUID

import pytest
from psycopg import sql
from psycopg.rows import dict_row

from shared.database import Connection
from shared.ids import uuid7
from shared.tables import Rows, Table
from tests.shared.stores import as_worker

Dsns = dict[str, str]

TENANT = uuid7()
ALL = Table(
    "every_type",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "int4",
        "flag": "bool",
        "small": "int4",
        "large": "int8",
        "day": "date",
        "at": "timestamptz",
        "data": "jsonb",
        "raw": "bytea",
        "words": "text[]",
        "people": "uuid[]",
        "note": "text",
    },
    indexes=(("tenant_id", "note"),),
)
PAIRS = Table(
    "pairs", key=("tenant_id", "a", "b"), columns={"tenant_id": "uuid", "a": "text", "b": "int4", "n": "int4"}
)
KEYS = Table("only_keys", key=("tenant_id", "a"), columns={"tenant_id": "uuid", "a": "text"})

NOTHING: dict[str, Any] = dict.fromkeys(
    ("flag", "small", "large", "day", "at", "data", "raw", "words", "people", "note"), None
)


@pytest.fixture
async def schema(log: Dsns) -> AsyncIterator[tuple[Connection, str]]:
    name = f"tables_{secrets.token_hex(4)}"
    async with await as_worker(log) as connection:
        await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        for table in (ALL, PAIRS, KEYS):
            for statement in table.ddl(name):
                await connection.execute(statement)
        yield connection, name
        await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(name)))


async def stored(connection: Connection, schema: str, table: Table) -> list[dict[str, Any]]:
    async with connection.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            sql.SQL("SELECT * FROM {} ORDER BY {}").format(
                sql.Identifier(schema, table.name), sql.SQL(", ").join(map(sql.Identifier, table.key))
            )
        )
        return await cursor.fetchall()


FULL: dict[str, Any] = {
    "flag": False,
    "small": -(2**31),
    "large": 2**63 - 1,
    "day": date(2026, 2, 28),
    "at": datetime(2026, 3, 29, 3, 30, tzinfo=timezone(timedelta(hours=2))),
    "data": {"list": [1, None, {"deep": "ñ"}], "text": 'quoted "twice" \\ {}'},
    "raw": b"\x00\xff",
    "words": ["", "NULL", "null", "a,b", '"', "\\", "{}", "two\nlines", "ñ", " "],
    "people": [TENANT, TENANT],
    "note": "{NULL}",
}


async def test_every_type_comes_back_beside_rows_without_values(schema: tuple[Connection, str]) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    wanted = [
        {"tenant_id": TENANT, "id": 1, **FULL},
        {"tenant_id": TENANT, "id": 2, **NOTHING},
        {"tenant_id": TENANT, "id": 3, **FULL, "words": [], "people": [], "data": [], "note": ""},
        {"tenant_id": TENANT, "id": 4, **NOTHING, "data": "text", "words": [None, "x"]},
    ]
    for row in wanted:
        rows.put(ALL, row)
    await rows.flush()
    assert await stored(connection, name, ALL) == wanted
    for row in wanted:
        assert await rows.get(ALL, (TENANT, row["id"])) == row
        rows.put(ALL, row)
    await rows.flush()
    assert await stored(connection, name, ALL) == wanted


@pytest.mark.parametrize("column", list(FULL))
async def test_every_type_can_be_changed_and_emptied(schema: tuple[Connection, str], column: str) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    rows.put(ALL, {"tenant_id": TENANT, "id": 1, **NOTHING})
    rows.put(ALL, {"tenant_id": TENANT, "id": 2, **FULL})
    await rows.flush()
    rows.change(ALL, (TENANT, 1), **{column: FULL[column]})
    rows.change(ALL, (TENANT, 2), **{column: None})
    rows.change(ALL, (TENANT, 3), **{column: FULL[column]})
    await rows.flush()
    first, second = await stored(connection, name, ALL)
    assert first == {"tenant_id": TENANT, "id": 1, **NOTHING, column: FULL[column]}
    assert second == {"tenant_id": TENANT, "id": 2, **FULL, column: None}


async def test_what_is_got_does_not_depend_on_where_a_batch_ends(schema: tuple[Connection, str]) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    rows.put(ALL, {"tenant_id": TENANT, "id": 1, **FULL, "words": ("a", "b"), "people": (TENANT,)})
    before = await rows.get(ALL, (TENANT, 1))
    await rows.flush()
    after = await rows.get(ALL, (TENANT, 1))
    rows.change(ALL, (TENANT, 1), words=("c",))
    changed = await rows.get(ALL, (TENANT, 1))
    assert before == after
    assert after is not None
    assert after["words"] == ["a", "b"]
    assert changed == after | {"words": ["c"]}


class Model:
    """What Rows promises, in a dict."""

    def __init__(self) -> None:
        self.rows: dict[tuple[Any, ...], dict[str, Any]] = {}

    def put(self, row: dict[str, Any]) -> None:
        self.rows[TENANT, row["a"], row["b"]] = row

    def change(self, key: tuple[Any, ...], n: int | None) -> None:
        if key in self.rows:
            self.rows[key] = self.rows[key] | {"n": n}

    def remove(self, key: tuple[Any, ...]) -> None:
        self.rows.pop(key, None)


@pytest.mark.parametrize("seed", range(8))
async def test_puts_changes_and_removals_in_any_order_and_in_any_batches(
    schema: tuple[Connection, str], seed: int
) -> None:
    connection, name = schema
    dice, model, rows = Random(seed), Model(), Rows(connection, name)
    for _ in range(120):
        key: tuple[UUID, str, int] = (TENANT, dice.choice("xy"), dice.randint(1, 2))
        act, n = dice.random(), dice.choice([None, 1, 2, 3])
        if act < 0.3:
            row = {"tenant_id": TENANT, "a": key[1], "b": key[2], "n": n}
            rows.put(PAIRS, row)
            model.put(row)
        elif act < 0.6:
            rows.change(PAIRS, key, n=n)
            model.change(key, n)
        elif act < 0.75:
            rows.remove(PAIRS, key)
            model.remove(key)
        elif act < 0.9:
            assert await rows.get(PAIRS, key) == model.rows.get(key)
        else:
            await rows.flush()
            assert await stored(connection, name, PAIRS) == [row for _, row in sorted(model.rows.items())]


async def test_a_table_of_keys_alone_takes_the_same_row_twice(schema: tuple[Connection, str]) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    for _ in range(2):
        rows.put(KEYS, {"tenant_id": TENANT, "a": "x"})
        await rows.flush()
    assert await stored(connection, name, KEYS) == [{"tenant_id": TENANT, "a": "x"}]


async def test_text_is_ordered_by_its_characters(schema: tuple[Connection, str]) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    for word in ("b", "A", "a", "B"):
        rows.put(KEYS, {"tenant_id": TENANT, "a": word})
    await rows.flush()
    assert [row["a"] for row in await stored(connection, name, KEYS)] == ["A", "B", "a", "b"]


async def test_two_builds_of_one_table_are_written_apart(schema: tuple[Connection, str]) -> None:
    """TRAP ES50: their statements are prepared on one connection."""
    connection, name = schema
    wider = Table("pairs", key=PAIRS.key, columns={**PAIRS.columns, "more": "text"})
    other = f"{name}_2"
    await connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(other)))
    for statement in wider.ddl(other):
        await connection.execute(statement)
    for number in range(12):
        one, two = Rows(connection, name), Rows(connection, other)
        one.put(PAIRS, {"tenant_id": TENANT, "a": "one", "b": number, "n": number})
        two.put(wider, {"tenant_id": TENANT, "a": "two", "b": number, "n": number, "more": "x"})
        for rows, table in ((one, PAIRS), (two, wider)):
            rows.change(table, (TENANT, "none", 0), n=1)
            await rows.flush()
            key = (TENANT, "one" if table is PAIRS else "two", number)
            got = await rows.get(table, key)
            assert got is not None
            assert set(got) == set(table.columns)
    await connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(other)))


async def test_rows_that_lack_columns_and_tables_without_a_tenant_are_refused(schema: tuple[Connection, str]) -> None:
    connection, name = schema
    rows = Rows(connection, name)
    for row in ({"tenant_id": TENANT, "a": "x"}, {"tenant_id": TENANT, "a": "x", "b": 1, "n": 1, "m": 1}):
        with pytest.raises(ValueError, match="all columns"):
            rows.put(PAIRS, row)
    with pytest.raises(ValueError, match="m"):
        rows.change(PAIRS, (TENANT, "x", 1), m=1)
    with pytest.raises(ValueError, match="key"):
        rows.change(PAIRS, (TENANT, "x"), n=1)
    for key, columns in (
        (("a",), {"tenant_id": "uuid", "a": "text"}),
        (("tenant_id", "b"), {"tenant_id": "uuid", "a": "text"}),
        (("tenant_id",), {"tenant_id": "text"}),
    ):
        with pytest.raises(ValueError, match="tenant_id"):
            Table("wrong", key=key, columns=columns)
