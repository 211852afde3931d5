"""The rostering files of OneRoster 1.1 and 1.2: their columns and how a row of each becomes a record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from academic.imports.oneroster import words
from academic.imports.oneroster.cells import Row
from academic.imports.oneroster.records import (
    ClassRow,
    CourseRow,
    EnrollmentRow,
    OrgRow,
    Record,
    RoleRow,
    SessionRow,
    UserRow,
)
from academic.imports.oneroster.table import Columns

Version = Literal["1.1", "1.2"]


def _org(row: Row) -> OrgRow:
    return OrgRow(
        *_head(row),
        name=row.required("name"),
        type=row.choice("type", words.ORG_TYPES),
        identifier=row.text("identifier"),
        parent=row.text("parentSourcedId"),
    )


def _session(row: Row) -> SessionRow:
    begin, end = _span(row, "startDate", "endDate", required=True)
    return SessionRow(
        *_head(row),
        title=row.required("title"),
        type=row.choice("type", words.SESSION_TYPES),
        begin_on=begin or date.min,
        end_on=end or date.min,
        parent=row.text("parentSourcedId"),
        school_year=row.year("schoolYear"),
    )


def _course(row: Row) -> CourseRow:
    return CourseRow(
        *_head(row),
        title=row.required("title"),
        code=row.text("courseCode"),
        org=row.required("orgSourcedId"),
        school_year=row.text("schoolYearSourcedId"),
        grades=row.listed("grades"),
        subjects=row.listed("subjects"),
    )


def _class(row: Row) -> ClassRow:
    return ClassRow(
        *_head(row),
        title=row.required("title"),
        code=row.text("classCode"),
        type=row.choice("classType", words.CLASS_TYPES),
        course=row.required("courseSourcedId"),
        school=row.required("schoolSourcedId"),
        terms=row.listed("termSourcedIds", required=True),
        location=row.text("location"),
        grades=row.listed("grades"),
        subjects=row.listed("subjects"),
        periods=row.listed("periods"),
    )


def _user_1_1(row: Row) -> UserRow:
    return _user(row, row.choice("role", words.USER_ROLES_1_1), row.listed("orgSourcedIds", required=True))


def _user_1_2(row: Row) -> UserRow:
    primary = row.text("primaryOrgSourcedId")
    return _user(row, "", (primary,) if primary else ())


def _user(row: Row, role: str, orgs: tuple[str, ...]) -> UserRow:
    row.flag("enabledUser")
    return UserRow(
        *_head(row),
        given_name=row.required("givenName"),
        family_name=row.required("familyName"),
        middle_name=row.text("middleName"),
        username=row.text("username"),
        email=row.text("email"),
        phone=row.text("phone") or row.text("sms"),
        identifier=row.text("identifier"),
        agents=row.listed("agentSourcedIds"),
        grades=row.listed("grades"),
        role=role,
        orgs=orgs,
    )


def _role(row: Row) -> RoleRow:
    row.choice("roleType", words.ROLE_TYPES)
    _span(row, "beginDate", "endDate")
    return RoleRow(
        *_head(row),
        user=row.always("userSourcedId"),
        role=row.choice("role", words.USER_ROLES_1_2),
        org=row.required("orgSourcedId"),
    )


def _enrollment(row: Row) -> EnrollmentRow:
    begin, end = _span(row, "beginDate", "endDate")
    role = row.choice("role", words.ENROLLMENT_ROLES)
    primary = row.flag("primary")
    if primary and role != "teacher":
        row.warn("primary", "primary-not-teacher", "Only a teacher can be primary; it is read as false.")
    return EnrollmentRow(
        *_head(row),
        klass=row.always("classSourcedId"),
        school=row.required("schoolSourcedId"),
        user=row.required("userSourcedId"),
        role=role,
        primary=primary and role == "teacher",
        begin_on=begin,
        end_on=end,
    )


def _head(row: Row) -> tuple[str, int, str, Literal["active", "tobedeleted"]]:
    return row.file, row.line, row.sourced_id, row.status


def _span(row: Row, first: str, last: str, *, required: bool = False) -> tuple[date | None, date | None]:
    """A half-open span: the first day belongs to it, the last does not."""
    begin, end = row.day(first, required=required), row.day(last, required=required)
    if begin and end and end <= begin:
        row.error(last, "dates-reversed", f"{last} is not after {first}.")
    return begin, end


@dataclass(frozen=True, slots=True)
class FileKind:
    columns: Columns
    record: Callable[[Row], Record]


_KEPT = ("username", "middleName", "identifier", "email", "sms", "phone", "agentSourcedIds", "grades")
_NEVER = ("password", "userIds")
_NEVER_1_2 = (
    *_NEVER,
    "userMasterIdentifier",
    "resourceSourcedIds",
    "preferredGivenName",
    "preferredMiddleName",
    "preferredFamilyName",
    "pronouns",
)
_NAMES = ("enabledUser", "givenName", "familyName")

_BOTH: dict[str, FileKind] = {
    "orgs": FileKind(Columns(("name", "type"), ("identifier", "parentSourcedId")), _org),
    "academicSessions": FileKind(
        Columns(("title", "type", "startDate", "endDate"), ("schoolYear", "parentSourcedId")),
        _session,
    ),
    "courses": FileKind(
        Columns(
            ("title", "orgSourcedId"),
            ("schoolYearSourcedId", "courseCode", "grades", "subjects"),
            ("subjectCodes",),
        ),
        _course,
    ),
    "classes": FileKind(
        Columns(
            ("title", "courseSourcedId", "classType", "schoolSourcedId", "termSourcedIds"),
            ("classCode", "location", "grades", "subjects", "periods"),
            ("subjectCodes",),
        ),
        _class,
    ),
    "enrollments": FileKind(
        Columns(
            ("classSourcedId", "schoolSourcedId", "userSourcedId", "role"),
            ("primary", "beginDate", "endDate"),
        ),
        _enrollment,
    ),
}

FILES: dict[Version, dict[str, FileKind]] = {
    "1.1": _BOTH | {"users": FileKind(Columns((*_NAMES, "orgSourcedIds", "role"), _KEPT, _NEVER), _user_1_1)},
    "1.2": _BOTH
    | {
        "users": FileKind(Columns(_NAMES, (*_KEPT, "primaryOrgSourcedId"), _NEVER_1_2), _user_1_2),
        "roles": FileKind(
            Columns(
                ("userSourcedId", "roleType", "role", "orgSourcedId"),
                ("beginDate", "endDate"),
                ("userProfileSourcedId",),
            ),
            _role,
        ),
    },
}
