"""An attendance register: who came to one meeting. Nothing in it is overwritten, a correction adds."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from academic.registers.mark import Lesson, Mark
from academic.rules.attendance_rules import FreezeReason
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived
from shared.sealed import Sealed

ReopeningReason = Literal["late-marks", "mistake", "inspection", "other"]
"""Words from a list: a free text may tell about somebody's health."""


class NotEnrolledThatDay(Refused):
    """A mark is for a student who is enrolled in the class on the day of the meeting."""


class MarkedTwice(Refused):
    """A student has one mark in a register."""


class AlreadyMarked(Refused):
    """These students have another mark in this register: correct it, with a reason. Nothing of the roll was stored."""


class NotMarked(Refused):
    """The student has no mark in this register yet."""


class PersonMarkedTwice(Refused):
    """This person has a mark in this register under another enrolment or place."""


class MarksMissing(Refused):
    """A closed register has a mark for everybody on it."""


class RegisterIsClosed(Refused):
    """The register is closed."""


class TimesOutsideLesson(Refused):
    """A student arrives and leaves, in this order, while the lesson lasts, and only one who is present does."""


class ReasonMissing(Refused):
    """A correction needs a reason."""


def register_id(tenant_id: UUID, meeting_id: UUID) -> UUID:
    return derived(tenant_id, "register", meeting_id)


class AttendanceRegister(Aggregate):
    TOPIC = "academic.attendance_register"

    class Created(Aggregate.Created):
        TOPIC = "academic.register_created"  # never stored; the library asks for the name

    class RegisterOpened(Created):
        TOPIC = "academic.register_opened"
        class_id: UUID
        meeting_id: UUID
        course_id: UUID | None
        held_on: date
        minutes: int

    class AttendanceMarked(Aggregate.Event):
        """The class, marked in one go. `freeze_reason`: why after the freeze day."""

        TOPIC = "academic.attendance_marked"
        PUBLIC = True
        class_id: UUID
        meeting_id: UUID
        course_id: UUID | None
        held_on: date
        minutes: int
        marks: tuple[Mark, ...]
        freeze_reason: FreezeReason | None = None

    class AttendanceCorrected(Aggregate.Event):
        TOPIC = "academic.attendance_corrected"
        PUBLIC = True
        class_id: UUID
        meeting_id: UUID
        course_id: UUID | None
        held_on: date
        minutes: int
        enrolment_id: UUID
        person_id: UUID
        before: Mark
        after: Mark
        reason: Sealed[str]
        freeze_reason: FreezeReason | None = None

    class RegisterClosed(Aggregate.Event):
        TOPIC = "academic.register_closed"

    class RegisterReopened(Aggregate.Event):
        TOPIC = "academic.register_reopened"
        reason: str

    @classmethod
    def open(cls, tenant_id: UUID, lesson: Lesson, now: datetime) -> "AttendanceRegister":
        id = register_id(tenant_id, lesson.meeting_id)
        return cls(id=id, tenant_id=tenant_id, timestamp=now, **vars(lesson))

    @event(RegisterOpened)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        course_id: UUID | None,
        held_on: date,
        minutes: int,
        timestamp: datetime,
    ) -> None:
        self.lesson = Lesson(class_id, meeting_id, course_id, held_on, minutes)
        self.marks: dict[UUID, Mark] = {}
        self.closed = False

    def mark(
        self,
        marks: Collection[Mark],
        enrolled: Mapping[UUID, UUID],
        now: datetime,
        freeze_reason: FreezeReason | None = None,
    ) -> None:
        """`enrolled`: who sits in the class on that day, enrolment or place id to person id. Raises AlreadyMarked, with
        an answer for each student who has another mark: what was corrected is never overwritten."""
        self._check_unlike(marks)
        new: dict[UUID, Mark] = {}
        people = {mark.person_id for mark in self.marks.values()}
        for number, mark in enumerate(marks):
            known = self.marks.get(mark.enrolment_id)
            if mark.enrolment_id in new:
                raise MarkedTwice(pointer=f"/marks/{number}/enrolment_id")
            if known is not None:
                continue
            if enrolled.get(mark.enrolment_id) != mark.person_id:
                raise NotEnrolledThatDay(pointer=f"/marks/{number}/enrolment_id")
            if mark.person_id in people:
                raise PersonMarkedTwice(pointer=f"/marks/{number}/enrolment_id")
            people.add(mark.person_id)
            new[mark.enrolment_id] = mark
        if not new:
            return
        if self.closed:
            raise RegisterIsClosed
        self._attendance_marked(
            marks=tuple(new.values()), freeze_reason=freeze_reason, timestamp=now, **vars(self.lesson)
        )

    def _check_unlike(self, marks: Collection[Mark]) -> None:
        unlike = {
            f"/marks/{number}/code": f"The register says {known.code}."
            for number, mark in enumerate(marks)
            if (known := self.marks.get(mark.enrolment_id)) is not None and known.said != mark.said
        }
        if unlike:
            raise AlreadyMarked(each=unlike)

    def correct(
        self, after: Mark, reason: Sealed[str], now: datetime, freeze_reason: FreezeReason | None = None
    ) -> None:
        """Another code for a student who has one. Closed or not: who may correct may do it late."""
        before = self.marks.get(after.enrolment_id)
        if before is None:
            raise NotMarked(pointer="/enrolment_id")
        if before.said == after.said:
            return
        self._attendance_corrected(
            enrolment_id=after.enrolment_id,
            person_id=before.person_id,
            before=before,
            after=after,
            reason=reason,
            freeze_reason=freeze_reason,
            timestamp=now,
            **vars(self.lesson),
        )

    def close(self, enrolled: Mapping[UUID, UUID], now: datetime) -> None:
        """`enrolled` as for marks: one who came as a guest and is enrolled by now has a mark."""
        if self.closed:
            return
        people = {mark.person_id for mark in self.marks.values()}
        missing = [id for id, person_id in enrolled.items() if id not in self.marks and person_id not in people]
        if missing:
            raise MarksMissing(f"{len(missing)} of {len(enrolled)} students have no mark.")
        self._register_closed(timestamp=now)

    def reopen(self, reason: ReopeningReason, now: datetime) -> None:
        if self.closed:
            self._register_reopened(reason=reason, timestamp=now)

    @event(RegisterReopened)
    def _register_reopened(self, reason: str, timestamp: datetime) -> None:
        self.closed = False

    @event(AttendanceMarked)
    def _attendance_marked(
        self,
        class_id: UUID,
        meeting_id: UUID,
        course_id: UUID | None,
        held_on: date,
        minutes: int,
        marks: tuple[Mark, ...],
        timestamp: datetime,
        freeze_reason: FreezeReason | None = None,
    ) -> None:
        self.marks.update({mark.enrolment_id: mark for mark in marks})

    @event(AttendanceCorrected)
    def _attendance_corrected(
        self,
        class_id: UUID,
        meeting_id: UUID,
        course_id: UUID | None,
        held_on: date,
        minutes: int,
        enrolment_id: UUID,
        person_id: UUID,
        before: Mark,
        after: Mark,
        reason: Sealed[str],
        timestamp: datetime,
        freeze_reason: FreezeReason | None = None,
    ) -> None:
        self.marks[enrolment_id] = after

    @event(RegisterClosed)
    def _register_closed(self, timestamp: datetime) -> None:
        self.closed = True
