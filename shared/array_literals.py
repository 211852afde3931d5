"""Columns of rows as PostgreSQL's text form of an array: one parameter a column, many times faster than adapting
each value (PostgreSQL manual, 8.15.6 Array Input and Output Syntax)."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import orjson


def array_literal(values: Iterable[Any], kind: str) -> str:
    """`kind` is the PostgreSQL type of the values. A column of arrays becomes an array of texts: arrays of arrays
    would have to be rectangular."""
    write = WRITERS.get(kind, str) if not kind.endswith("[]") else array_writer(kind[:-2])
    return "{" + ",".join(["NULL" if value is None else write(value) for value in values]) + "}"


def quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def array_writer(kind: str) -> Callable[[Sequence[Any]], str]:
    return lambda values: quoted(array_literal(values, kind))


WRITERS: dict[str, Callable[[Any], str]] = {
    "uuid": lambda value: f"{value.int:032x}",
    "text": lambda value: quoted(str(value)),
    "jsonb": lambda value: quoted(orjson.dumps(value).decode()),
    "bytea": lambda value: f'"\\\\x{value.hex()}"',
    "date": lambda value: str(value.isoformat()),
    "timestamptz": lambda value: str(value.isoformat()),
}
"""Types whose values are not written as `str` writes them; numbers and booleans are."""
