"""The standard's filters: one condition, or two joined by AND or OR. Read once, asked of rows or written as SQL."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal

from academic.oneroster.refusals import FilterInvalid
from academic.oneroster.resources import Field, Resource
from shared.tables import Row

CONDITION = r"\s*([A-Za-z][A-Za-z.]*)\s*(!=|>=|<=|=|>|<|~)\s*'((?:[^']|'')*)'\s*"
FILTER = re.compile(f"{CONDITION}(?:(AND|OR){CONDITION})?")
LONGEST = 1000
ORDERED = frozenset({">", ">=", "<", "<="})
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda have, want: bool(have == want),
    ">": lambda have, want: bool(have > want),
    ">=": lambda have, want: bool(have >= want),
    "<": lambda have, want: bool(have < want),
    "<=": lambda have, want: bool(have <= want),
}


@dataclass(frozen=True)
class Condition:
    """`want` has the type of the field; a list where the field is one, and text for `~`."""

    field: Field
    predicate: str
    want: Any

    def holds(self, row: Row) -> bool:
        have = row[self.field.column]
        if self.predicate == "!=":
            return not self._holds("=", have)
        return self._holds(self.predicate, have)

    def _holds(self, predicate: str, have: Any) -> bool:
        if have is None:
            return False
        if self.field.kind == "texts":
            if predicate == "~":
                return any(part.lower() in each.lower() for part in self.want for each in have)
            return set(self.want) <= set(have)
        if predicate == "~":
            return str(self.want).lower() in str(have).lower()
        return COMPARED[predicate](have, self.want)

    def sql(self, name: str) -> str:
        """`name` is the parameter. A sealed field says nothing to the database."""
        column = f"r.{self.field.column}"
        if self.field.kind == "sealed":
            return "true"
        if self.predicate == "!=":
            return f"({self._sql('=', column, name)}) IS NOT TRUE"
        return self._sql(self.predicate, column, name)

    def _sql(self, predicate: str, column: str, name: str) -> str:
        if self.field.kind == "texts":
            if predicate == "~":
                inside = "position(lower(w) in lower(h)) > 0"
                return f"EXISTS (SELECT 1 FROM unnest({column}) h, unnest(%({name})s::text[]) w WHERE {inside})"  # noqa: S608
            return f"{column} @> %({name})s::text[]"
        if predicate == "~":
            return f"position(lower(%({name})s) in lower({column}::text)) > 0"
        return f"{column} {predicate} %({name})s"


@dataclass(frozen=True)
class Filter:
    conditions: tuple[Condition, ...] = ()
    join: Literal["AND", "OR"] = "AND"

    @property
    def sealed(self) -> bool:
        return any(condition.field.kind == "sealed" for condition in self.conditions)

    def holds(self, row: Row) -> bool:
        told = (condition.holds(row) for condition in self.conditions)
        return all(told) if self.join == "AND" else any(told)

    def sql(self) -> str:
        """True for each row that the filter wants, and for more only where it names sealed fields."""
        parts = [condition.sql(f"filter{number}") for number, condition in enumerate(self.conditions)]
        return "(" + f" {self.join} ".join(parts or ["true"]) + ")"

    @property
    def params(self) -> dict[str, Any]:
        return {f"filter{number}": condition.want for number, condition in enumerate(self.conditions)}


def read_filter(text: str | None, resource: Resource) -> Filter:
    """Raises FilterInvalid."""
    if text is None:
        return Filter()
    form = FILTER.fullmatch(text) if len(text) <= LONGEST and "\0" not in text else None
    if form is None:
        raise FilterInvalid("A filter is field, predicate and 'value', or two of them joined by AND or OR.")
    first, join, second = form.group(1, 2, 3), form[4], form.group(5, 6, 7)
    conditions = [_condition(resource, *given) for given in (first, second) if given[0] is not None]
    return Filter(tuple(conditions), "OR" if join == "OR" else "AND")


def _condition(resource: Resource, name: str, predicate: str, value: str) -> Condition:
    field = resource.fields.get(name)
    if field is None:
        raise FilterInvalid(f"{resource.many} have no field {name} that can be filtered.")
    if predicate in ORDERED and field.kind in ("texts", "flag"):
        raise FilterInvalid(f"The values of {name} have no order.")
    if predicate == "~" and field.kind not in ("texts", "text", "sealed"):
        raise FilterInvalid(f"{name} is no text: nothing is contained in it.")
    return Condition(field, predicate, _value(name, field, value.replace("''", "'")))


def _value(name: str, field: Field, text: str) -> Any:
    try:
        match field.kind:
            case "texts":
                return [part.strip() for part in text.split(",")]
            case "flag":
                return {"true": True, "false": False}[text]
            case "day":
                return date.fromisoformat(text)
            case "instant":
                return _instant(text)
    except (ValueError, KeyError) as error:
        raise FilterInvalid(f"The value cannot be one of {name}.") from error
    return text


def _instant(text: str) -> datetime:
    """A day is its first moment in UTC."""
    if len(text) == 10:
        return datetime.combine(date.fromisoformat(text), time(), UTC)
    read = datetime.fromisoformat(text)
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)
