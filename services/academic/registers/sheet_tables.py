"""What the register sheet remembers."""

from shared.views import Table

MEETINGS = Table(
    "sheet",
    key=("tenant_id", "meeting_id"),
    columns={
        "tenant_id": "uuid",
        "meeting_id": "uuid",
        "class_id": "uuid",
        "held_on": "date",
        "starts": "text",
        "ends": "text",
        "zone": "text",
        "meeting_state": "text",
    },
    indexes=(("tenant_id", "class_id", "held_on"),),
)
REGISTERS = Table(
    "sheet_register",
    key=("tenant_id", "register_id"),
    columns={"tenant_id": "uuid", "register_id": "uuid", "meeting_id": "uuid", "state": "text"},
    indexes=(("tenant_id", "meeting_id"),),
)
STAYS = Table(
    "sheet_stay",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "begin_on": "date",
        "end_on": "date",
    },
    indexes=(("tenant_id", "person_id"),),
)
CODES = Table(
    "sheet_code",
    key=("tenant_id", "code", "code_version"),
    columns={"tenant_id": "uuid", "code": "text", "code_version": "int4", "category": "text"},
)
MARKS = Table(
    "sheet_mark",
    key=("tenant_id", "meeting_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "meeting_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "code": "text",
        "code_version": "int4",
        "present": "bool",
        "billable": "bool",
        "arrived_at": "text",
        "left_at": "text",
        "minutes": "int4",
        "corrected": "bool",
        "guest": "text",
    },
)
GUESTS = Table(
    "sheet_guest",
    key=("tenant_id", "meeting_id", "place_id"),
    columns={"tenant_id": "uuid", "meeting_id": "uuid", "place_id": "uuid", "person_id": "uuid", "kind": "text"},
)

FUNDING = Table(
    "sheet_funding",
    key=("tenant_id", "class_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "funder": "text",
        "action_number": "text",
        "group_number": "text",
        "planned_hours": "int4",
        "threshold": "int4",
        "employer": "text",
    },
)
