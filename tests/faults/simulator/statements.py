"""The SQL of the kernel, as far as readers and relay use it: conditions and assignments are taken from its text."""

import functools
import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import orjson

from shared.log_feed import READ
from shared.tables import Table
from shared.writer import APPEND
from tests.faults.simulator.database import Key, Row, Transaction

KEYS = {
    "positions": ("consumer", "source", "generation", "partition"),
    "relay": ("generation",),
    "relay_partitions": ("generation", "partition"),
    "parked": ("tenant_id", "consumer", "source", "generation", "partition", "position"),
}
DEFAULTS: dict[str, Row] = {
    "relay_partitions": {"kafka_offset": -1},
    "positions": {"kafka_offset": -1},
}


class Outcome(NamedTuple):
    rows: list[Any]
    rowcount: int


NOTHING = Outcome([], 0)
Run = Callable[[Transaction, Any], Outcome]


class Write(NamedTuple):
    """What `Rows` writes, in place of its SQL."""

    schema: str
    table: Table
    kind: str
    names: tuple[str, ...]


class Look(NamedTuple):
    """What `Rows` reads, in place of its SQL."""

    schema: str
    table: Table


class Unknown(Exception):
    """A statement that the stand-in cannot run: teach it."""


def run(transaction: Transaction, query: Any, params: Any) -> Outcome:
    """Raises Blocked."""
    if type(query) is Look:
        row = transaction.get(f"{query.schema}.{query.table.name}", tuple(params))
        return Outcome([] if row is None else [dict(row)], 1)
    if type(query) is Write:
        return write(transaction, query, params)
    return compiled(query)(transaction, params)


def write(transaction: Transaction, query: Write, arrays: Any) -> Outcome:
    name = f"{query.schema}.{query.table.name}"
    count = 0
    for values in zip(*arrays, strict=True):
        row = dict(zip(query.names, values, strict=True))
        key = query.table.key_of(row)
        transaction.lock(name, key)
        before = transaction.get(name, key)
        if query.kind == "change":
            if before is not None:
                transaction.put(name, key, before | row)
        else:
            transaction.put(name, key, row if query.kind == "put" else None)
        count += 1
    return Outcome([], count)


@functools.cache
def compiled(query: str | bytes) -> Run:
    text = query.decode() if isinstance(query, bytes) else query
    special = SPECIAL.get(text)
    if special is not None:
        return special
    for pattern, build in SHAPES:
        found = pattern.fullmatch(text)
        if found is not None:
            return build(*found.groups())
    raise Unknown(text)


def names_of(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(","))


def conditions_of(text: str) -> list[tuple[str, str]]:
    """(column, `%s`, `ANY` or the column of the list it is compared with)"""
    found = []
    for condition in text.split(" AND "):
        column, _, value = condition.partition(" = ")
        if not re.fullmatch(r"%s|ANY\(%s\)|m\.\w+", value):
            raise Unknown(text)
        found.append((column.rpartition(".")[2], {"%s": "%s", "ANY(%s)": "ANY"}.get(value, value[2:])))
    return found


def holds(row: Row, wanted: Iterable[tuple[str, Any]]) -> bool:
    return all(row[column] == value for column, value in wanted)


def update_list(table: str, changes: str, lists: str, columns: str, where: str) -> Run:
    """UPDATE … FROM unnest(…) m(…) WHERE …: each item of the list changes the row with its key, if all else holds."""
    names = names_of(columns)
    assigned = [(left.strip(), right.strip()[2:]) for left, right in (one.split("=") for one in changes.split(","))]
    conditions = conditions_of(where)
    width = lists.count("%s")

    def update(transaction: Transaction, params: Any) -> Outcome:
        count, rest = 0, params[width:]
        for values in zip(*params[:width], strict=True):
            item, given = dict(zip(names, values, strict=True)), iter(rest)
            wanted = [(column, next(given) if of == "%s" else item[of]) for column, of in conditions]
            count += change(transaction, table, wanted, {column: item[of] for column, of in assigned})
        return Outcome([], count)

    return update


def update_one(table: str, changes: str, where: str) -> Run:
    columns = [one.split("=")[0].strip() for one in changes.split(",")]
    conditions = conditions_of(where)

    def update(transaction: Transaction, params: Any) -> Outcome:
        given = params[len(columns) :]
        wanted = [(column, value) for (column, _), value in zip(conditions, given, strict=True)]
        return Outcome([], change(transaction, table, wanted, dict(zip(columns, params, strict=False))))

    return update


def change(transaction: Transaction, table: str, wanted: list[tuple[str, Any]], values: Row) -> int:
    """The row is locked before it is compared, as it is compared again in PostgreSQL once its lock came free."""
    given = dict(wanted)
    key = tuple(given[column] for column in KEYS[table])
    transaction.lock(table, key)
    row = transaction.get(table, key)
    if row is None or not holds(row, wanted):
        return 0
    transaction.put(table, key, row | values)
    return 1


def select(columns: str, table: str, where: str) -> Run:
    names = names_of(columns)
    conditions = conditions_of(where)

    def read(transaction: Transaction, params: Any) -> Outcome:
        given = list(zip(conditions, params, strict=True))
        rows = [
            tuple(row[name] for name in names)
            for row in transaction.scan(table)
            if all(row[column] in value if of == "ANY" else row[column] == value for (column, of), value in given)
        ]
        return Outcome(rows, len(rows))

    return read


def insert(table: str, columns: str, values: str, conflict: str | None) -> Run:
    names = names_of(columns)
    literals = [None if value == "%s" else orjson.loads(value.replace("'", '"')) for value in names_of(values)]

    def add(transaction: Transaction, params: Any) -> Outcome:
        given = iter(params)
        row = {name: next(given) if value is None else value for name, value in zip(names, literals, strict=True)}
        return Outcome([], insert_row(transaction, table, row, conflict))

    return add


def insert_series(table: str, columns: str, values: str, conflict: str | None) -> Run:
    names = names_of(columns)
    items = names_of(values)

    def add(transaction: Transaction, params: Any) -> Outcome:
        count = 0
        for number in range(params[-1] + 1):
            given = iter(params)
            row = {
                name: next(given) if item == "%s" else number if item == "n" else orjson.loads(item.replace("'", '"'))
                for name, item in zip(names, items, strict=True)
            }
            count += insert_row(transaction, table, row, conflict)
        return Outcome([], count)

    return add


def insert_row(transaction: Transaction, table: str, row: Row, conflict: str | None) -> int:
    key: Key = tuple(row[column] for column in KEYS[table])
    transaction.lock(table, key)
    if transaction.get(table, key) is not None:
        if conflict is None:
            raise Unknown(f"{key} is twice in {table}")
        return 0
    transaction.put(table, key, DEFAULTS.get(table, {}) | row)
    return 1


def nothing(_: Transaction, _params: Any) -> Outcome:
    """Nothing is ever parked here, or the oracle says so."""
    return NOTHING


def append(transaction: Transaction, params: Any) -> Outcome:
    transaction.database.changes += 1
    return Outcome(transaction.database.log.append(params), 0)


def load(transaction: Transaction, params: Any) -> Outcome:
    return Outcome(transaction.database.log.load(*params), 0)


def saved_reply(transaction: Transaction, params: Any) -> Outcome:
    return Outcome(transaction.database.log.saved_reply(*params), 0)


def read_log(transaction: Transaction, params: Any) -> Outcome:
    after, limit = params
    return Outcome(list(transaction.database.log.events[after : after + limit]), 0)


def known(transaction: Transaction, params: Any) -> Outcome:
    events = transaction.database.log.events
    found = [events[position - 1] for position in params[0] if 0 < position <= len(events)]
    return Outcome([(event.position, event.state) for event in found], 0)


def head(transaction: Transaction, _: Any) -> Outcome:
    return Outcome([(len(transaction.database.log.events),)], 1)


SHAPES: list[tuple[re.Pattern[str], Callable[..., Run]]] = [
    (re.compile(r"(?:SELECT|UPDATE|DELETE).* parked\b.*"), lambda: nothing),
    (re.compile(r"UPDATE (\w+) \w+ SET (.+) FROM unnest\((.+?)\) m\((.+?)\) WHERE (.+)"), update_list),
    (re.compile(r"UPDATE (\w+) SET (.+?) WHERE (.+)"), update_one),
    (re.compile(r"SELECT ([\w, ]+) FROM (\w+) WHERE (.+)"), select),
    (re.compile(r"INSERT INTO (\w+) \((.+?)\) VALUES \((.+?)\)( ON CONFLICT DO NOTHING)?"), insert),
    (
        re.compile(
            r"INSERT INTO (\w+) \((.+?)\) SELECT (.+?) FROM generate_series\(0, %s\) n( ON CONFLICT DO NOTHING)?"
        ),
        insert_series,
    ),
]
SPECIAL: dict[str, Run] = {
    APPEND.decode(): append,
    READ.decode(): read_log,
    "SELECT * FROM load(%b, %b)": load,
    "SELECT * FROM saved_reply(%b, %b)": saved_reply,
    "SELECT notification_id, state FROM events WHERE notification_id = ANY(%s)": known,
    "SELECT log_head()": head,
    "LISTEN rollbook_academic": nothing,
    "LISTEN rollbook_billing": nothing,
}
