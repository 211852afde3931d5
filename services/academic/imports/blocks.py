"""A checked bundle cut into blocks: what is saved together, in the order in which things need each other."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, cast

from academic.imports.oneroster.bundle import Bundle
from academic.imports.oneroster.families import guardians_of
from academic.imports.oneroster.records import ClassRow, EnrollmentRow, Record, RoleRow, UserRow
from academic.imports.oneroster.standins import placeholder
from academic.imports.people import PersonRows

Kind = Literal["orgs", "academicSessions", "courses", "users", "classes"]
MANY = 50
"""The weight of a block: one for an aggregate, a tenth for each enrolment. A save takes 2,000 events."""


@dataclass(frozen=True, slots=True)
class ClassRows:
    """All rows of a bundle about one class."""

    sourced_id: str
    row: ClassRow | None
    enrolments: tuple[EnrollmentRow, ...] = ()


Item = Record | PersonRows | ClassRows


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    items: tuple[Item, ...]

    @property
    def step(self) -> str:
        """The same rows are the same step, so that a repeated import passes over what is done."""
        return f"{self.kind}-{hashlib.sha256(repr(self.items).encode()).hexdigest()}"


def blocks_of(bundle: Bundle, *, only_these_roles: bool) -> Iterator[Block]:
    """Orgs first, classes with their enrolments last."""
    yield from _cut("orgs", _rows(bundle, "orgs").values())
    yield from _cut("academicSessions", _rows(bundle, "academicSessions").values())
    yield from _cut("courses", _rows(bundle, "courses").values())
    yield from _cut("users", _people(bundle, only_these_roles))
    yield from _cut("classes", _classes(bundle))


def _cut(kind: Kind, items: Iterable[Item]) -> Iterator[Block]:
    block: list[Item] = []
    weight = 0.0
    for item in items:
        block.append(item)
        weight += 1 + (len(item.enrolments) / 10 if isinstance(item, ClassRows) else 0)
        if weight >= MANY:
            yield Block(kind, tuple(block))
            block, weight = [], 0
    if block:
        yield Block(kind, tuple(block))


def _rows(bundle: Bundle, file: str) -> dict[str, Record]:
    """The rows of a file, after the placeholders for rows of it that others refer to."""
    wanted = bundle.placeholders.get(file, {}).items()
    made = {id: row for id, first in wanted if (row := placeholder(file, id, first)) is not None}
    return made | bundle.records.get(file, {})


def _people(bundle: Bundle, only_these_roles: bool) -> Iterator[PersonRows]:
    users = cast(dict[str, UserRow], _rows(bundle, "users"))
    guardians = guardians_of(bundle)
    roles: dict[str, list[RoleRow]] = {}
    for row in cast(dict[str, RoleRow], bundle.records.get("roles", {})).values():
        roles.setdefault(row.user, []).append(row)
    for id in dict.fromkeys([*users, *roles, *guardians]):
        family = tuple(sorted(guardians.get(id, ())))
        yield PersonRows(id, users.get(id), tuple(roles.get(id, ())), family, only_these_roles)


def _classes(bundle: Bundle) -> Iterator[ClassRows]:
    classes = cast(dict[str, ClassRow], _rows(bundle, "classes"))
    enrolments: dict[str, list[EnrollmentRow]] = {}
    for row in cast(dict[str, EnrollmentRow], bundle.records.get("enrollments", {})).values():
        enrolments.setdefault(row.klass, []).append(row)
    for id in dict.fromkeys([*classes, *enrolments]):
        yield ClassRows(id, classes.get(id), tuple(enrolments.get(id, ())))
