"""Bringing a thing back to what it was: by its own decisions, so that no rule of the school is broken."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from academic.calendars.calendar import Calendar
from academic.classes.class_ import Class
from academic.classes.seats import EARLIEST, Assignment, Enrolment
from academic.courses.course import Course
from academic.meetings.class_meeting import ClassMeeting
from academic.orgs.org import Org
from academic.people.person import Person
from academic.sessions.academic_session import AcademicSession
from academic.undoing.items import Part
from shared.errors import Refused
from shared.events import Aggregate


class NoPatternBefore(Refused):
    """The class had no weekly pattern before, and a pattern is not taken away."""


class Stays(NamedTuple):
    student: Enrolment | None
    teacher: Assignment | None


NOBODY = Stays(None, None)


def snapshot(aggregate: Aggregate | None, part: Part) -> Any:
    """What is brought back; None where there was nothing."""
    match aggregate:
        case Class() if isinstance(part, UUID):
            stays = Stays(aggregate.enrolments.get(part), aggregate.teachers.get(part))
            return None if stays == NOBODY else stays
        case Class():
            return aggregate.details, aggregate.capacity, aggregate.pattern, aggregate.closed
        case Calendar() if isinstance(part, date):
            return aggregate.days.get(part)
        case Org() | Course():
            return aggregate.details, aggregate.retired
        case AcademicSession():
            return aggregate.details, aggregate.closed
        case Person():
            return aggregate.details, aggregate.guardians, aggregate.archived
        case ClassMeeting():
            return aggregate.slot, aggregate.staffing
    return None


def revert(aggregate: Aggregate, part: Part, before: Any, now: datetime) -> None:
    """`before` is its snapshot of then. Raises what the aggregate refuses."""
    match aggregate:
        case Class() if isinstance(part, UUID):
            _stays(aggregate, part, before or NOBODY, now)
        case Class():
            _class(aggregate, before, now)
        case Calendar() if isinstance(part, date):
            _day(aggregate, part, before, now)
        case Org() | Course():
            _org_or_course(aggregate, before, now)
        case AcademicSession():
            _session(aggregate, before, now)
        case Person():
            _person(aggregate, before, now)
        case ClassMeeting():
            _meeting(aggregate, before, now)


def _stays(class_: Class, id: UUID, before: Stays, now: datetime) -> None:
    student, teacher = class_.enrolments.get(id), class_.teachers.get(id)
    if student is not None and student != before.student:
        _student(class_, id, student, before.student, now)
    if teacher is not None and teacher != before.teacher:
        if before.teacher is None:
            class_.unassign_teacher(id, teacher.begin_on or EARLIEST, now)
        else:
            class_.assign_teacher(id, before.teacher, now)


def _student(class_: Class, id: UUID, student: Enrolment, before: Enrolment | None, now: datetime) -> None:
    """Who was never in leaves on the first day."""
    if before is None:
        class_.withdraw(id, student.begin_on or EARLIEST, now)
        return
    if replace(student, withdrawn=before.withdrawn) != before or not before.withdrawn:
        class_.change_dates(id, before.begin_on, before.end_on, now)
    if before.withdrawn and before.end_on is not None:
        class_.withdraw(id, before.end_on, now)


def _class(class_: Class, before: Any, now: datetime) -> None:
    if before is None:
        class_.close(now)
        return
    details, capacity, pattern, closed = before
    if pattern is None and class_.pattern is not None:
        raise NoPatternBefore
    class_.reopen(now)
    class_.revise(details, now)
    class_.set_capacity(capacity, now)
    if pattern is not None:
        class_.set_weekly_pattern(pattern, now)
    if closed:
        class_.close(now)


def _day(calendar: Calendar, day: date, before: str | None, now: datetime) -> None:
    if before is not None:
        calendar.add(day, before, now)
    elif day in calendar.days:
        calendar.remove(day, now)


def _org_or_course(thing: Org | Course, before: Any, now: datetime) -> None:
    if before is None:
        thing.retire(now)
        return
    details, retired = before
    thing.restore(now)
    thing.revise(details, now)
    if retired:
        thing.retire(now)


def _session(session: AcademicSession, before: Any, now: datetime) -> None:
    if before is None:
        session.close(now)
        return
    details, closed = before
    session.reopen(now)
    session.revise(details, now)
    if closed:
        session.close(now)


def _person(person: Person, before: Any, now: datetime) -> None:
    details, guardians, archived = before or (person.details, (), True)
    for guardian in person.guardians:
        if guardian not in guardians:
            person.unlink_guardian(guardian, now)
    if before is not None:
        person.restore(now)
        person.correct(details, now)
        for guardian in guardians:
            person.link_guardian(guardian, now)
    if archived:
        person.archive(now)


def _meeting(meeting: ClassMeeting, before: Any, now: datetime) -> None:
    """One that was moved in bulk goes back to its time; its staff is a decision of its own."""
    if before is None:
        meeting.cancel("undone", "school", now)
        return
    slot, _ = before
    meeting.reschedule(slot.held_on, slot.starts, slot.ends, "other", now)
