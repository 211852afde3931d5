"""The fields of academic's events that an export of attendance uses."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from shared.sealed import Sealed


class ClassOpened(BaseModel):
    title: str
    class_code: str | None = None


class PersonNamed(BaseModel):
    """Registered, or corrected later."""

    given_name: Sealed[str]
    family_name: Sealed[str]


class MeetingPlanned(BaseModel):
    class_id: UUID
    held_on: date
    starts: str


class Mark(BaseModel):
    enrolment_id: UUID
    person_id: UUID
    code: str
    present: bool
    billable: bool


class AttendanceMarked(BaseModel):
    class_id: UUID
    meeting_id: UUID
    held_on: date
    minutes: int
    marks: tuple[Mark, ...]


class AttendanceCorrected(BaseModel):
    class_id: UUID
    meeting_id: UUID
    held_on: date
    minutes: int
    after: Mark
