"""The columns of OneRoster's CSV files, and how a row becomes cells. Cells stand as they are: this is for machines."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping
from uuid import UUID, uuid5

from academic.imports.oneroster.words import FILES
from academic.oneroster import words
from shared.tables import Row

HEAD = ("sourcedId", "status", "dateLastModified")
"""Both of the latter stay empty in bulk files, as the standard says."""
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "orgs": ("name", "type", "identifier", "parentSourcedId"),
    "academicSessions": ("title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
    "courses": ("schoolYearSourcedId", "title", "courseCode", "grades", "orgSourcedId", "subjects", "subjectCodes"),
    "classes": (
        "title",
        "grades",
        "courseSourcedId",
        "classCode",
        "classType",
        "location",
        "schoolSourcedId",
        "termSourcedIds",
        "subjects",
        "subjectCodes",
        "periods",
    ),
    "users": (
        "enabledUser",
        "username",
        "userIds",
        "givenName",
        "familyName",
        "middleName",
        "identifier",
        "email",
        "sms",
        "phone",
        "agentSourcedIds",
        "grades",
        "password",
        "userMasterIdentifier",
        "resourceSourcedIds",
        "preferredGivenName",
        "preferredMiddleName",
        "preferredFamilyName",
        "primaryOrgSourcedId",
        "pronouns",
    ),
    "roles": ("userSourcedId", "roleType", "role", "beginDate", "endDate", "orgSourcedId", "userProfileSourcedId"),
    "enrollments": (
        "classSourcedId",
        "schoolSourcedId",
        "userSourcedId",
        "role",
        "primary",
        "beginDate",
        "endDate",
    ),
}
"""The columns of OneRoster 1.2 after those of HEAD, in the standard's order."""
ROLE_IDS = UUID("6b8f0a52-5f0c-5c39-9a53-0d7a4f6f2e11")
"""A role has no id of its own here: it is derived from user, role and org."""

Cells = Mapping[str, str | None]


def csv_rows(file: str, rows: Iterable[Cells]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, (*HEAD, *COLUMNS[file]), restval="", quoting=csv.QUOTE_MINIMAL)
    writer.writerows({name: value or "" for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def header(file: str) -> bytes:
    return (",".join((*HEAD, *COLUMNS[file])) + "\r\n").encode()


def manifest() -> bytes:
    entries = {"manifest.version": "1.0", "oneroster.version": "1.2"}
    entries |= {f"file.{file}": "bulk" if file in COLUMNS else "absent" for file in FILES}
    entries |= {"source.systemName": "Rollbook", "source.systemCode": "rollbook"}
    return "".join(f"{name},{value}\r\n" for name, value in {"propertyName": "value", **entries}.items()).encode()


def org(row: Row) -> list[Cells]:
    told = {"name": row["name"], "type": words.org_type(row), "identifier": row["identifier"]}
    return [{"sourcedId": row["sourced_id"], **told, "parentSourcedId": row["parent"]}]


def session(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": row["sourced_id"],
            "title": row["title"],
            "type": words.session_type(row),
            "startDate": row["start_on"],
            "endDate": row["end_on"],
            "parentSourcedId": row["parent"],
            "schoolYear": row["school_year"],
        }
    ]


def course(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": row["sourced_id"],
            "schoolYearSourcedId": row["school_year"],
            "title": row["title"],
            "courseCode": row["course_code"],
            "grades": ",".join(row["grades"]),
            "orgSourcedId": row["org"],
            "subjects": ",".join(row["subjects"]),
        }
    ]


def class_(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": row["sourced_id"],
            "title": row["title"],
            "grades": ",".join(row["grades"]),
            "courseSourcedId": row["course"],
            "classCode": row["class_code"],
            "classType": words.class_type(row),
            "location": row["location"],
            "schoolSourcedId": row["school"],
            "termSourcedIds": ",".join(row["terms"]),
            "subjects": ",".join(row["subjects"]),
            "periods": ",".join(row["periods"]),
        }
    ]


def user(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": row["sourced_id"],
            "enabledUser": "true",
            "username": row["username"],
            "givenName": row["given_name"],
            "familyName": row["family_name"],
            "middleName": row["middle_name"],
            "identifier": row["identifier"],
            "email": row["email"],
            "phone": row["phone"],
            "agentSourcedIds": ",".join(row["agents"]),
            "grades": ",".join(row["grades"]),
            "primaryOrgSourcedId": row["orgs"][0],
        }
    ]


def roles(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": str(uuid5(ROLE_IDS, "\x1f".join((row["sourced_id"], role, at)))),
            "userSourcedId": row["sourced_id"],
            "roleType": kind,
            "role": role,
            "orgSourcedId": at,
        }
        for kind, role, at in words.roles(row)
    ]


def enrollment(row: Row) -> list[Cells]:
    return [
        {
            "sourcedId": row["sourced_id"],
            "classSourcedId": row["class_sourced"],
            "schoolSourcedId": row["school"],
            "userSourcedId": row["user_sourced"],
            "role": row["role"],
            "primary": "true" if row["is_primary"] else "false",
            "beginDate": row["begin_on"],
            "endDate": row["end_on"],
        }
    ]


CELLS: Mapping[str, Callable[[Row], list[Cells]]] = {
    "orgs": org,
    "academicSessions": session,
    "courses": course,
    "classes": class_,
    "users": user,
    "roles": roles,
    "enrollments": enrollment,
}
