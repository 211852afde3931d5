"""An attendance code: what a mark means, and the codes a school starts with."""

from dataclasses import dataclass
from typing import Literal

Category = Literal[
    "Early departure",
    "Excused Absence",
    "In Attendance",
    "Partial",
    "Present",
    "Tardy",
    "Unexcused Absence",
]
"""Ed-Fi's AttendanceEventCategoryDescriptor."""


@dataclass(frozen=True)
class Code:
    """`category` is Ed-Fi's word for it."""

    code: str
    title: str
    present: bool
    billable: bool
    category: str
    pays_teacher: bool = True
    grants_make_up: bool = False


DEFAULT_CODES = (
    Code("P", "Present", present=True, billable=True, category="In Attendance"),
    Code("L", "Late", present=True, billable=True, category="Tardy"),
    Code("A", "Absent without notice", present=False, billable=True, category="Unexcused Absence"),
    Code(
        "E",
        "Excused",
        present=False,
        billable=False,
        category="Excused Absence",
        pays_teacher=False,
        grants_make_up=True,
    ),
)
