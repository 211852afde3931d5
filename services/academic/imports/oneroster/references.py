"""Do the rows of a bundle refer to things that exist? Rows that cannot stand without are taken out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from academic.imports.oneroster.bundle import ORDER, Bundle
from academic.imports.oneroster.records import EnrollmentRow, Record

MAX_CLASS = 800
"""Enrolments of one class in one bundle: a class keeps each as an event."""


@dataclass(frozen=True, slots=True)
class Reference:
    """`required`: a row whose target is not there is refused. Otherwise the reference is dropped with a warning."""

    attribute: str
    column: str
    target: str
    required: bool = False


REFERENCES: Mapping[str, tuple[Reference, ...]] = {
    "orgs": (Reference("parent", "parentSourcedId", "orgs"),),
    "academicSessions": (Reference("parent", "parentSourcedId", "academicSessions"),),
    "courses": (
        Reference("org", "orgSourcedId", "orgs", required=True),
        Reference("school_year", "schoolYearSourcedId", "academicSessions"),
    ),
    "classes": (
        Reference("course", "courseSourcedId", "courses", required=True),
        Reference("school", "schoolSourcedId", "orgs", required=True),
        Reference("terms", "termSourcedIds", "academicSessions"),
    ),
    "users": (
        Reference("orgs", "orgSourcedIds", "orgs"),
        Reference("agents", "agentSourcedIds", "users"),
    ),
    "roles": (
        Reference("user", "userSourcedId", "users", required=True),
        Reference("org", "orgSourcedId", "orgs"),
    ),
    "enrollments": (
        Reference("school", "schoolSourcedId", "orgs"),
        Reference("klass", "classSourcedId", "classes", required=True),
        Reference("user", "userSourcedId", "users", required=True),
    ),
}

Known = Mapping[str, set[str]]
"""The ids per file that the school has already."""


def outside(bundle: Bundle) -> dict[str, set[str]]:
    """What the rows refer to and no row of the bundle brings, per file."""
    wanted: dict[str, set[str]] = {}
    for file, records in bundle.records.items():
        for reference in REFERENCES[file]:
            there = bundle.records.get(reference.target, {})
            for record in records.values():
                missing = (value for value in _values(record, reference) if value not in there)
                wanted.setdefault(reference.target, set()).update(missing)
    return wanted


def check_references(bundle: Bundle, known: Known) -> None:
    for file in ORDER:
        if file in ("orgs", "academicSessions"):
            _cut_circles(bundle, file)
        for record in list(bundle.records.get(file, {}).values()):
            _check(bundle, known, file, record)
    _check_enrollments(bundle)


def _check(bundle: Bundle, known: Known, file: str, record: Record) -> None:
    for reference in REFERENCES[file]:
        target = reference.target
        column = reference.column
        if column == "orgSourcedIds" and bundle.manifest.version == "1.2":
            column = "primaryOrgSourcedId"
        for value in _values(record, reference):
            if value in bundle.records.get(target, {}) or value in known.get(target, ()):
                continue
            if bundle.manifest.mode(target) == "absent":
                bundle.placeholders.setdefault(target, {}).setdefault(value, record)
                text = f"{target}.csv is absent and the school does not know this id; a placeholder stands for it."
                bundle.warn(record, column, "placeholder", text)
            elif not reference.required:
                text = f"Neither {target}.csv nor the school knows this id; the reference is dropped."
                bundle.warn(record, column, "unknown-reference", text)
                record = _without(record, reference, value)
                bundle.records[file][record.sourced_id] = record
            elif record.status == "tobedeleted":
                text = f"Neither {target}.csv nor the school knows this id; there is nothing to delete."
                bundle.skip(file, record, column, "never-known", text)
                return
            else:
                text = f"Neither {target}.csv nor the school knows this id."
                bundle.refuse(file, record, column, "unknown-reference", text)
                return


def _values(record: Record, reference: Reference) -> tuple[str, ...]:
    value = getattr(record, reference.attribute)
    if isinstance(value, tuple):
        return value
    return (value,) if value else ()


def _without(record: Record, reference: Reference, value: str) -> Record:
    before = getattr(record, reference.attribute)
    after: Any = tuple(each for each in before if each != value) if isinstance(before, tuple) else ""
    return replace(record, **{reference.attribute: after})


def _cut_circles(bundle: Bundle, file: str) -> None:
    """A row that lies below itself loses its parent: the one that closes the circle, in the file's order."""
    records = bundle.records.get(file, {})
    parents = {key: cast(str, getattr(record, "parent", "")) for key, record in records.items()}
    done: set[str] = set()
    for start in records:
        path: set[str] = set()
        at, last = start, ""
        while at in parents and at not in done:
            if at in path:
                bundle.warn(records[last], "parentSourcedId", "circle", "The row lies below itself; no parent is kept.")
                records[last] = replace(records[last], parent="")  # type: ignore[call-arg]
                parents[last] = ""
                break
            path.add(at)
            at, last = parents[at], at
        done |= path


def _check_enrollments(bundle: Bundle) -> None:
    roles = bundle.roles
    sizes: Counter[str] = Counter()
    for record in list(bundle.records.get("enrollments", {}).values()):
        row = cast(EnrollmentRow, record)
        if row.status == "tobedeleted":
            continue
        sizes[row.klass] += 1
        retired = [
            column
            for column, file, key in (("classSourcedId", "classes", row.klass), ("userSourcedId", "users", row.user))
            if (target := bundle.records.get(file, {}).get(key)) is not None and target.status == "tobedeleted"
        ]
        if row.user in roles and row.role in ("student", "teacher") and row.role not in roles[row.user]:
            bundle.warn(row, "role", "role-differs", "The user has no such role in the school; the row is kept.")
        if row.role not in ("student", "teacher"):
            text = "Rollbook keeps students and teachers of a class; this row is not kept."
            bundle.skip("enrollments", row, "role", "role-not-kept", text)
        elif retired:
            text = "The row it refers to is to be deleted; nobody is enrolled."
            bundle.skip("enrollments", row, retired[0], "refers-to-retired", text)
        elif sizes[row.klass] > MAX_CLASS:
            text = f"The class has more than {MAX_CLASS} enrolments."
            bundle.refuse("enrollments", row, "classSourcedId", "class-too-large", text)
