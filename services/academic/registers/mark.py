"""What a register is made of: the lesson it is about, and a mark for each student."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True)
class Lesson:
    class_id: UUID
    meeting_id: UUID
    course_id: UUID | None
    held_on: date
    minutes: int


@dataclass(frozen=True)
class Mark:
    """One student's code, with the meaning the code had when it was given."""

    enrolment_id: UUID
    person_id: UUID
    code: str
    code_version: int
    present: bool
    billable: bool
