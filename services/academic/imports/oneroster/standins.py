"""Rows of our own (line 0): for what an absent file would have brought, and for what no row names any more."""

from datetime import date

from academic.imports.oneroster.cells import Status
from academic.imports.oneroster.records import (
    ClassRow,
    CourseRow,
    EnrollmentRow,
    OrgRow,
    Record,
    SessionRow,
    UserRow,
)


def placeholder(file: str, source_id: str, first: Record) -> Record | None:
    """Titled by its id. None for a session: its dates cannot be guessed, the id alone waits for it.

    `first` is the first row that refers to it."""
    school = getattr(first, "school", "")
    match file:
        case "orgs":
            return _org(source_id, "active", source_id)
        case "courses":
            return _course(source_id, "active", source_id, school)
        case "classes":
            return _class(source_id, "active", source_id, school)
        case "users":
            role = first.role if isinstance(first, EnrollmentRow) else ""
            return _user(source_id, "active", "?", source_id, role)
    return None


def gone(file: str, source_id: str, within: str) -> Record:
    """The row that retires it. `within` is the class of an enrolment."""
    match file:
        case "orgs":
            return _org(source_id, "tobedeleted", "")
        case "academicSessions":
            none = date.min
            return SessionRow("academicSessions.csv", 0, source_id, "tobedeleted", "", "", none, none, "", "")
        case "courses":
            return _course(source_id, "tobedeleted", "", "")
        case "classes":
            return _class(source_id, "tobedeleted", "", "")
        case "users":
            return _user(source_id, "tobedeleted", "", "", "")
    return EnrollmentRow("enrollments.csv", 0, source_id, "tobedeleted", within, "", "", "", False, None, None)


def _org(source_id: str, status: Status, name: str) -> OrgRow:
    return OrgRow("orgs.csv", 0, source_id, status, name=name, type="school", identifier="", parent="")


def _course(source_id: str, status: Status, title: str, org: str) -> CourseRow:
    return CourseRow("courses.csv", 0, source_id, status, title, "", org, "", (), ())


def _class(source_id: str, status: Status, title: str, school: str) -> ClassRow:
    return ClassRow("classes.csv", 0, source_id, status, title, "", "scheduled", "", school, (), "", (), (), ())


def _user(source_id: str, status: Status, given: str, family: str, role: str) -> UserRow:
    return UserRow("users.csv", 0, source_id, status, given, family, "", "", "", "", "", (), (), role=role, orgs=())
