"""Rows as the standard's JSON documents. What is not known is left out."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from academic.oneroster import words
from academic.oneroster.resources import CLASS, COURSE, ENROLLMENT, ORG, SESSION, USER, Resource
from shared.tables import Row

BASE = "/ims/oneroster/rostering/v1p2"
PUBLIC = f"/api/academic{BASE}"
"""The base path at the gateway."""

Document = dict[str, Any]


def document(resource: Resource, row: Row, fields: frozenset[str] | None) -> Document:
    whole: Document = {
        "sourcedId": row["sourced_id"],
        "status": row["status"],
        "dateLastModified": instant(row["changed"]),
        **BODIES[resource.one](row),
    }
    return {
        name: value
        for name, value in whole.items()
        if value is not None and value != [] and (fields is None or name in fields)
    }


def instant(value: datetime) -> str:
    """UTC with milliseconds."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def reference(kind: Resource, sourced_id: str | None) -> Document | None:
    if sourced_id is None:
        return None
    return {"href": f"{PUBLIC}/{kind.many}/{quote(sourced_id, safe='')}", "sourcedId": sourced_id, "type": kind.one}


def _org(row: Row) -> Document:
    return {
        "name": row["name"],
        "type": words.org_type(row),
        "identifier": row["identifier"],
        "parent": reference(ORG, row["parent"]),
    }


def _session(row: Row) -> Document:
    return {
        "title": row["title"],
        "type": words.session_type(row),
        "startDate": row["start_on"],
        "endDate": row["end_on"],
        "schoolYear": row["school_year"],
        "parent": reference(SESSION, row["parent"]),
    }


def _course(row: Row) -> Document:
    return {
        "title": row["title"],
        "courseCode": row["course_code"],
        "grades": row["grades"],
        "subjects": row["subjects"],
        "org": reference(ORG, row["org"]),
        "schoolYear": reference(SESSION, row["school_year"]),
    }


def _class(row: Row) -> Document:
    return {
        "title": row["title"],
        "classCode": row["class_code"],
        "classType": words.class_type(row),
        "location": row["location"],
        "grades": row["grades"],
        "subjects": row["subjects"],
        "periods": row["periods"],
        "course": reference(COURSE, row["course"]),
        "school": reference(ORG, row["school"]),
        "terms": [reference(SESSION, term) for term in row["terms"]],
    }


def _user(row: Row) -> Document:
    """Somebody whose data was erased has an empty name, because the standard wants one."""
    return {
        "enabledUser": "true" if row["enabled"] else "false",
        "username": row["username"],
        "givenName": row["given_name"] or "",
        "familyName": row["family_name"] or "",
        "middleName": row["middle_name"],
        "email": row["email"],
        "phone": row["phone"],
        "identifier": row["identifier"],
        "grades": row["grades"],
        "roles": [{"roleType": kind, "role": role, "org": reference(ORG, org)} for kind, role, org in words.roles(row)],
        "agents": [reference(USER, agent) for agent in row["agents"]],
        "primaryOrg": reference(ORG, row["orgs"][0]),
    }


def _enrollment(row: Row) -> Document:
    return {
        "role": row["role"],
        "primary": "true" if row["is_primary"] else "false",
        "beginDate": row["begin_on"],
        "endDate": row["end_on"],
        "user": reference(USER, row["user_sourced"]),
        "class": reference(CLASS, row["class_sourced"]),
        "school": reference(ORG, row["school"]),
    }


BODIES: Mapping[str, Callable[[Row], Document]] = {
    ORG.one: _org,
    SESSION.one: _session,
    COURSE.one: _course,
    CLASS.one: _class,
    USER.one: _user,
    ENROLLMENT.one: _enrollment,
}
