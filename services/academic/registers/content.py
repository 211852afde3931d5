"""What a teacher signs: the content of a register in its one spelling, and the hash of it."""

import json
from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from academic.registers.mark import Lesson, Mark

FORMAT = "rollbook register 1"
"""Named in the content itself: another spelling gets another name, and old signatures keep theirs."""


def content_of(register_id: UUID, lesson: Lesson, marks: Iterable[Mark]) -> bytes:
    """JSON in ASCII: keys sorted, no spaces, marks by enrolment. A verifier builds the same bytes from the events."""
    content = {
        "format": FORMAT,
        "register_id": str(register_id),
        "class_id": str(lesson.class_id),
        "meeting_id": str(lesson.meeting_id),
        "held_on": str(lesson.held_on),
        "minutes": lesson.minutes,
        "marks": sorted((told(mark) for mark in marks), key=lambda mark: str(mark["enrolment_id"])),
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def told(mark: Mark) -> dict[str, str | int | bool | None]:
    return {
        "enrolment_id": str(mark.enrolment_id),
        "person_id": str(mark.person_id),
        "code": mark.code,
        "code_version": mark.code_version,
        "present": mark.present,
        "billable": mark.billable,
        "arrived_at": mark.arrived_at,
        "left_at": mark.left_at,
        "minutes": mark.minutes,
        "guest": mark.guest,
    }


def content_hash(register_id: UUID, lesson: Lesson, marks: Iterable[Mark]) -> str:
    return sha256(content_of(register_id, lesson, marks)).hexdigest()
