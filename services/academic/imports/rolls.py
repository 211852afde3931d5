"""Enrolment rows of one class: students get in and out, teachers are assigned."""

from datetime import date, datetime
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.seats import Assignment, Enrolment
from academic.imports.counts import Action
from academic.imports.oneroster.records import EnrollmentRow
from academic.source_ids import enrolment_id, person_id


def settle(class_: Class, row: EnrollmentRow, today: date, now: datetime) -> Action:
    """What the row changed. `today` is the first day without somebody whose row is to be deleted.

    Raises what a class refuses: nothing is changed by the row then."""
    id = enrolment_id(class_.tenant_id, row.sourced_id)
    known = id in class_.enrolments or id in class_.teachers
    version = class_.version
    if row.status == "tobedeleted":
        _leave(class_, id, today, now)
        return "retired" if class_.version > version else "unchanged" if known else "skipped"
    person = person_id(class_.tenant_id, row.user)
    if row.role == "teacher":
        if id in class_.enrolments:
            _leave(class_, id, today, now)
        stay = Assignment(person, row.begin_on, row.end_on, row.primary)
        class_.assign_teacher(id, stay, now, row.sourced_id)
    else:
        if id in class_.teachers:
            _leave(class_, id, today, now)
        _enrol(class_, id, Enrolment(person, row.begin_on, row.end_on), row.sourced_id, now)
    if class_.version == version:
        return "unchanged"
    return "revised" if known else "created"


def _enrol(class_: Class, id: UUID, stay: Enrolment, source_id: str, now: datetime) -> None:
    known = class_.enrolments.get(id)
    if known is None or known.person_id != stay.person_id:
        class_.enrol(id, stay, now, source_id)
    else:
        class_.change_dates(id, stay.begin_on, stay.end_on, now)


def _leave(class_: Class, id: UUID, today: date, now: datetime) -> None:
    student, teacher = class_.enrolments.get(id), class_.teachers.get(id)
    if student is not None and not student.withdrawn and not _over(student.end_on, today):
        class_.withdraw(id, today, now)
    if teacher is not None and not _over(teacher.end_on, today):
        class_.unassign_teacher(id, today, now)


def _over(end_on: date | None, today: date) -> bool:
    return end_on is not None and end_on <= today
