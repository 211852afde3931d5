"""The tables behind OneRoster: one for each of its classes, with the ids of this service and of the source system."""

from academic.people.details import PERSONAL
from shared.tables import Table

HEAD = {"tenant_id": "uuid", "id": "uuid", "sourced_id": "text", "gone": "bool", "changed": "timestamptz"}
"""`gone`: retired, closed, archived or withdrawn. `changed`: the time of the last event."""
FOUND = (("tenant_id", "sourced_id"),)

ORGS = Table(
    "oneroster_org",
    key=("tenant_id", "id"),
    columns={**HEAD, "name": "text", "type": "text", "identifier": "text", "parent_id": "uuid"},
    indexes=FOUND,
)
SESSIONS = Table(
    "oneroster_session",
    key=("tenant_id", "id"),
    columns={
        **HEAD,
        "title": "text",
        "type": "text",
        "start_on": "date",
        "end_on": "date",
        "school_year": "text",
        "parent_id": "uuid",
    },
    indexes=FOUND,
)
COURSES = Table(
    "oneroster_course",
    key=("tenant_id", "id"),
    columns={
        **HEAD,
        "title": "text",
        "course_code": "text",
        "org_id": "uuid",
        "school_year_id": "uuid",
        "grades": "text[]",
        "subjects": "text[]",
    },
    indexes=FOUND,
)
CLASSES = Table(
    "oneroster_class",
    key=("tenant_id", "id"),
    columns={
        **HEAD,
        "title": "text",
        "class_code": "text",
        "class_type": "text",
        "course_id": "uuid",
        "org_id": "uuid",
        "session_ids": "uuid[]",
        "location": "text",
        "grades": "text[]",
        "subjects": "text[]",
        "periods": "text[]",
    },
    indexes=FOUND,
)
USERS = Table(
    "oneroster_user",
    key=("tenant_id", "id"),
    columns={
        **HEAD,
        **dict.fromkeys(PERSONAL, "text"),
        "roles": "text[]",
        "org_ids": "uuid[]",
        "grades": "text[]",
    },
    indexes=FOUND,
)
AGENTS = Table(
    "oneroster_agent",
    key=("tenant_id", "person_id", "guardian_id"),
    columns={"tenant_id": "uuid", "person_id": "uuid", "guardian_id": "uuid"},
)
ENROLLMENTS = Table(
    "oneroster_enrollment",
    key=("tenant_id", "class_id", "id"),
    columns={
        **HEAD,
        "class_id": "uuid",
        "person_id": "uuid",
        "role": "text",
        "is_primary": "bool",
        "begin_on": "date",
        "end_on": "date",
    },
    indexes=(*FOUND, ("tenant_id", "person_id")),
)
