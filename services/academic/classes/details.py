"""What is told of a class apart from its seats and people."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

ClassType = Literal["homeroom", "scheduled"]


@dataclass(frozen=True)
class Labels:
    """What the school writes on a class and no rule reads."""

    location: str | None = None
    grades: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    periods: tuple[str, ...] = ()


@dataclass(frozen=True)
class ClassDetails:
    title: str
    class_code: str | None
    class_type: str
    course_id: UUID | None
    org_id: UUID
    academic_session_ids: tuple[UUID, ...]
    labels: Labels = Labels()
