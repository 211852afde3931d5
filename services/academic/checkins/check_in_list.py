"""Who checked in to a meeting, and what each class makes of it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from academic.checkins.check_in import CheckIn
from academic.checkins.check_in_policy import CheckInPolicy, Marking, Policy, policy_id
from academic.people.directory import Name
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ARRIVALS = Table(
    "check_in",
    key=("tenant_id", "meeting_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "meeting_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "arrived_at": "text",
        "late": "int4",
        "proposed": "text",
        "checked_in_at": "timestamptz",
    },
)
POLICIES = Table(
    "check_in_policy",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "late_after": "int4",
        "present_code": "text",
        "late_code": "text",
        "marking": "text",
    },
)


class CheckIns(View):
    NAME = "check_ins"
    SOURCE = "academic"
    TABLES = (ARRIVALS, POLICIES)

    @on(CheckIn.CheckedIn)
    def checked_in(self, fact: Fact[CheckIn.CheckedIn], rows: Rows) -> None:
        data = fact.data
        rows.put(
            ARRIVALS,
            {
                "tenant_id": fact.tenant_id,
                "meeting_id": data.meeting_id,
                "enrolment_id": data.enrolment_id,
                "person_id": data.person_id,
                "arrived_at": data.arrived_at,
                "late": data.late,
                "proposed": data.proposed,
                "checked_in_at": fact.time,
            },
        )

    @on(CheckInPolicy.PolicySet)
    def policy_set(self, fact: Fact[CheckInPolicy.PolicySet], rows: Rows) -> None:
        data = fact.data
        codes = {"present_code": data.present_code, "late_code": data.late_code, "marking": data.marking}
        key = {"tenant_id": fact.tenant_id, "id": fact.aggregate_id}
        rows.put(POLICIES, {**key, "late_after": data.late_after, **codes})


class PolicyLine(BaseModel):
    """`late_after`: minutes after the start that still are in time."""

    late_after: int
    present_code: str
    late_code: str
    marking: Marking


class CheckInLine(BaseModel):
    """`arrived_at`: local time. `late`: minutes after the start. `proposed`: the code by the class's policy, null where
    somebody had given a mark before. The names are null for an erased person."""

    enrolment_id: UUID
    person_id: UUID
    arrived_at: str
    late: int
    proposed: str | None
    checked_in_at: datetime
    given_name: str | None = None
    family_name: str | None = None

    def named(self, name: Name | None) -> "CheckInLine":
        if name is None:
            return self
        return self.model_copy(update={"given_name": name.given_name, "family_name": name.family_name})


async def policy_of(read: Reading, class_id: UUID) -> PolicyLine:
    """What a class has without any setting, too."""
    found = await read.one(
        PolicyLine,
        "SELECT late_after, present_code, late_code, marking FROM check_in_policy"
        " WHERE tenant_id = %(tenant)s AND id = %(id)s",
        id=policy_id(read.tenant_id, class_id),
    )
    return found or PolicyLine.model_validate(vars(Policy()))


async def check_ins_of(read: Reading, meeting_id: UUID) -> list[CheckInLine]:
    """In the order of arrival."""
    return await read.all(
        CheckInLine,
        "SELECT enrolment_id, person_id, arrived_at, late, proposed, checked_in_at FROM check_in"
        " WHERE tenant_id = %(tenant)s AND meeting_id = %(meeting_id)s ORDER BY checked_in_at, enrolment_id",
        meeting_id=meeting_id,
    )
