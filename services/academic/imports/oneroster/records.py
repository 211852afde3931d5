"""What the files of a bundle say, row by row, in the standard's words."""

from dataclasses import dataclass
from datetime import date

from academic.imports.oneroster.cells import Status


@dataclass(frozen=True, slots=True)
class Record:
    """The file a row came from, its line, and the id it has in the source system."""

    file: str
    line: int
    sourced_id: str
    status: Status


@dataclass(frozen=True, slots=True)
class OrgRow(Record):
    name: str
    type: str
    identifier: str
    parent: str


@dataclass(frozen=True, slots=True)
class SessionRow(Record):
    title: str
    type: str
    begin_on: date
    end_on: date
    parent: str
    school_year: str


@dataclass(frozen=True, slots=True)
class CourseRow(Record):
    title: str
    code: str
    org: str
    school_year: str
    grades: tuple[str, ...]
    subjects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClassRow(Record):
    title: str
    code: str
    type: str
    course: str
    school: str
    terms: tuple[str, ...]
    location: str
    grades: tuple[str, ...]
    subjects: tuple[str, ...]
    periods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class UserRow(Record):
    """`role` and `orgs` are filled by OneRoster 1.1 only; 1.2 says them in roles.csv."""

    given_name: str
    family_name: str
    middle_name: str
    username: str
    email: str
    phone: str
    identifier: str
    agents: tuple[str, ...]
    grades: tuple[str, ...]
    role: str
    orgs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RoleRow(Record):
    user: str
    role: str
    org: str


@dataclass(frozen=True, slots=True)
class EnrollmentRow(Record):
    klass: str
    school: str
    user: str
    role: str
    primary: bool
    begin_on: date | None
    end_on: date | None
