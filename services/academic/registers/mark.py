"""What a register is made of: the lesson it is about, and a mark for each student."""

from dataclasses import dataclass
from datetime import date, time
from uuid import UUID

from academic.classes.guests import GuestKind


@dataclass(frozen=True)
class Lesson:
    class_id: UUID
    meeting_id: UUID
    course_id: UUID | None
    held_on: date
    minutes: int


@dataclass(frozen=True)
class Mark:
    """One student's code, with the meaning the code had when it was given. `arrived_at` and `left_at` are local times
    where the student was not there all the time; `minutes` is how long then, else null. `guest`: not enrolled in the
    class that day; then `enrolment_id` is the guest's place, and nothing is billed by the mark."""

    enrolment_id: UUID
    person_id: UUID
    code: str
    code_version: int
    present: bool
    billable: bool
    arrived_at: str | None = None
    left_at: str | None = None
    minutes: int | None = None
    guest: GuestKind | None = None

    @property
    def said(self) -> tuple[str, str | None, str | None]:
        """What the teacher said, whatever the code meant then."""
        return self.code, self.arrived_at, self.left_at


@dataclass(frozen=True)
class Said:
    """What is to be marked: one student's code, and the times of one who came late or left early."""

    enrolment_id: UUID
    code: str
    arrived_at: str | None = None
    left_at: str | None = None


def minutes_there(starts: str, ends: str, arrived_at: str | None, left_at: str | None) -> int:
    """Of a lesson in local times, between an arrival and a departure; negative where they are reversed."""
    return _minute(left_at or ends) - _minute(arrived_at or starts)


def _minute(clock: str) -> int:
    at = time.fromisoformat(clock)
    return at.hour * 60 + at.minute
