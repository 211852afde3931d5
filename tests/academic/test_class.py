"""Decisions of a class: seats, enrolments, teachers."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from academic.classes.class_ import Class
from academic.classes.details import ClassDetails, Labels
from academic.classes.refusals import (
    AlreadyEnrolled,
    ClassIsClosed,
    DatesReversed,
    EnrolmentEnded,
    EnrolmentExists,
    EnrolmentUnknown,
    PrimaryTeacherExists,
    SeatsTaken,
)
from academic.classes.seats import Assignment, Enrolment
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, COURSE, SCHOOL, TERM = uuid7(), uuid7(), uuid7(), uuid7()
ANN, BEN, EVA = uuid7(), uuid7(), uuid7()
E1, E2, E3 = uuid7(), uuid7(), uuid7()
SEP, OCT, NOV, DEC = date(2026, 9, 1), date(2026, 10, 1), date(2026, 11, 1), date(2026, 12, 1)
PIANO = ClassDetails("Piano A", "PIA-A", "scheduled", COURSE, SCHOOL, (TERM,), Labels(location="Room 1"))


def piano(capacity: int | None = None) -> Class:
    return Class.open(uuid7(), TENANT, PIANO, capacity, "c-1", NOW)


def with_students(*stays: tuple[UUID, UUID, date | None, date | None], capacity: int | None = None) -> Class:
    class_ = piano(capacity)
    for enrolment_id, person_id, begin_on, end_on in stays:
        class_.enrol(enrolment_id, Enrolment(person_id, begin_on, end_on), NOW)
    return class_


def with_ann() -> Class:
    return with_students((E1, ANN, SEP, DEC))


def ann_withdrawn() -> Class:
    class_ = with_ann()
    class_.withdraw(E1, OCT, NOW)
    return class_


def with_teacher() -> Class:
    class_ = piano()
    class_.assign_teacher(E1, Assignment(EVA, None, None, primary=True), NOW)
    return class_


def closed() -> Class:
    class_ = with_ann()
    class_.close(NOW)
    return class_


def test_R0_6_A2_a_class_offers_a_course_in_a_period() -> None:
    event = next(iter(piano(capacity=8).collect_events()))
    assert isinstance(event, Class.Opened)
    assert (event.title, event.course_id, event.academic_session_ids) == ("Piano A", COURSE, (TERM,))
    assert (event.capacity, event.source_id, event.labels.location) == (8, "c-1", "Room 1")


def test_a_class_is_revised_by_one_event() -> None:
    wanted = replace(PIANO, title="Piano B", class_code=None)
    given(piano()).when(lambda c: c.revise(wanted, NOW)).then(Class.Revised, **vars(wanted))


def test_the_same_row_again_changes_nothing() -> None:
    given(piano()).when(lambda c: c.revise(PIANO, NOW)).then_nothing()


def test_A8_a_student_is_enrolled_with_begin_and_end() -> None:
    given(piano()).when(lambda c: c.enrol(E1, Enrolment(ANN, SEP, DEC), NOW)).then(
        Class.StudentEnrolled,
        enrolment_id=E1,
        person_id=ANN,
        course_id=COURSE,
        begin_on=SEP,
        end_on=DEC,
        timestamp=NOW,
    )


def test_enrolling_again_changes_nothing() -> None:
    given(with_ann()).when(lambda c: c.enrol(E1, Enrolment(ANN, SEP, DEC), NOW)).then_nothing()


def test_an_enrolment_id_has_one_meaning() -> None:
    given(with_ann()).when(lambda c: c.enrol(E1, Enrolment(BEN, SEP, DEC), NOW)).then_refused(EnrolmentExists)


@pytest.mark.parametrize("end_on", [SEP, date(2026, 8, 1)])
def test_an_enrolment_ends_after_it_begins(end_on: date) -> None:
    given(piano()).when(lambda c: c.enrol(E1, Enrolment(ANN, SEP, end_on), NOW)).then_refused(DatesReversed)


@pytest.mark.parametrize(("begin_on", "end_on"), [(SEP, DEC), (OCT, NOV), (None, None), (None, OCT), (NOV, None)])
def test_a_person_is_in_a_class_once_at_a_time(begin_on: date | None, end_on: date | None) -> None:
    again = Enrolment(ANN, begin_on, end_on)
    given(with_ann()).when(lambda c: c.enrol(E2, again, NOW)).then_refused(AlreadyEnrolled)


@pytest.mark.parametrize(("begin_on", "end_on"), [(DEC, None), (None, SEP)])
def test_a_person_may_come_back_when_the_earlier_stay_is_over(begin_on: date | None, end_on: date | None) -> None:
    again = Enrolment(ANN, begin_on, end_on)
    given(with_ann()).when(lambda c: c.enrol(E2, again, NOW)).then(Class.StudentEnrolled, enrolment_id=E2)


def test_A10_a_full_class_takes_nobody() -> None:
    full = with_students((E1, ANN, SEP, DEC), capacity=1)
    given(full).when(lambda c: c.enrol(E2, Enrolment(BEN, OCT, NOV), NOW)).then_refused(SeatsTaken)


def test_A10_the_first_day_without_a_seat_is_named() -> None:
    full = with_students((E1, ANN, OCT, NOV), capacity=1)
    with pytest.raises(SeatsTaken, match="No seat on 2026-10-01"):
        full.enrol(E2, Enrolment(BEN, SEP, None), NOW)


def test_A10_a_seat_is_free_again_on_the_day_the_stay_ends() -> None:
    full = with_students((E1, ANN, SEP, OCT), capacity=1)
    given(full).when(lambda c: c.enrol(E2, Enrolment(BEN, OCT, None), NOW)).then(Class.StudentEnrolled)


def test_A10_seats_are_counted_on_every_day_and_not_over_the_whole_time() -> None:
    followed = with_students((E1, ANN, SEP, OCT), (E2, BEN, OCT, NOV), capacity=2)
    given(followed).when(lambda c: c.enrol(E3, Enrolment(EVA, SEP, NOV), NOW)).then(Class.StudentEnrolled)


def test_A10_capacity_is_not_lowered_below_the_seats_taken_on_any_day() -> None:
    def both() -> Class:
        return with_students((E1, ANN, SEP, DEC), (E2, BEN, NOV, DEC), capacity=3)

    given(both()).when(lambda c: c.set_capacity(1, NOW)).then_refused(SeatsTaken)
    given(both()).when(lambda c: c.set_capacity(2, NOW)).then(Class.CapacitySet, capacity=2)


def test_A10_the_same_capacity_changes_nothing_and_none_lifts_the_limit() -> None:
    given(piano(5)).when(lambda c: c.set_capacity(5, NOW)).then_nothing()
    given(piano(5)).when(lambda c: c.set_capacity(None, NOW)).then(Class.CapacitySet, capacity=None)


def test_A8_dates_of_an_enrolment_are_changed() -> None:
    given(with_ann()).when(lambda c: c.change_dates(E1, OCT, None, NOW)).then(
        Class.EnrollmentDatesChanged, enrolment_id=E1, person_id=ANN, begin_on=OCT, end_on=None
    )


def test_the_same_dates_change_nothing() -> None:
    given(with_ann()).when(lambda c: c.change_dates(E1, SEP, DEC, NOW)).then_nothing()


def test_A10_changed_dates_need_a_seat_too() -> None:
    full = with_students((E1, ANN, SEP, OCT), (E2, BEN, OCT, DEC), capacity=1)
    given(full).when(lambda c: c.change_dates(E1, SEP, NOV, NOW)).then_refused(SeatsTaken)


def test_an_unknown_enrolment_is_not_found() -> None:
    given(piano()).when(lambda c: c.change_dates(E1, SEP, None, NOW)).then_refused(EnrolmentUnknown)
    given(piano()).when(lambda c: c.withdraw(E1, SEP, NOW)).then_refused(EnrolmentUnknown)
    given(piano()).when(lambda c: c.unassign_teacher(E1, SEP, NOW)).then_refused(EnrolmentUnknown)


def test_A8_a_student_is_withdrawn_from_a_day_on() -> None:
    given(with_ann()).when(lambda c: c.withdraw(E1, OCT, NOW)).then(
        Class.StudentWithdrawn, enrolment_id=E1, person_id=ANN, on=OCT
    )
    class_ = ann_withdrawn()
    assert class_.enrolled_on(date(2026, 9, 30)) == {E1: ANN}
    assert class_.enrolled_on(OCT) == {}


def test_withdrawing_twice_changes_nothing() -> None:
    given(ann_withdrawn()).when(lambda c: c.withdraw(E1, OCT, NOW)).then_nothing()


def test_a_student_is_not_withdrawn_after_the_end() -> None:
    given(with_ann()).when(lambda c: c.withdraw(E1, date(2027, 1, 1), NOW)).then_refused(EnrolmentEnded)


def test_a_student_withdrawn_before_the_begin_was_never_in() -> None:
    class_ = with_ann()
    class_.withdraw(E1, date(2026, 8, 1), NOW)
    assert class_.enrolled_on(SEP) == {}
    given(class_).when(lambda c: c.enrol(E2, Enrolment(ANN, SEP, DEC), NOW)).then(Class.StudentEnrolled)


def test_A10_a_withdrawn_student_leaves_the_seat() -> None:
    full = with_students((E1, ANN, SEP, DEC), capacity=1)
    full.withdraw(E1, OCT, NOW)
    given(full).when(lambda c: c.enrol(E2, Enrolment(BEN, OCT, DEC), NOW)).then(Class.StudentEnrolled)


def test_a_withdrawn_student_comes_back_by_new_dates() -> None:
    given(ann_withdrawn()).when(lambda c: c.change_dates(E1, SEP, DEC, NOW)).then(
        Class.EnrollmentDatesChanged, begin_on=SEP, end_on=DEC
    )


def test_A9_a_teacher_is_assigned_as_primary() -> None:
    primary = Assignment(EVA, SEP, None, primary=True)
    given(piano()).when(lambda c: c.assign_teacher(E1, primary, NOW)).then(
        Class.TeacherAssigned, enrolment_id=E1, person_id=EVA, primary=True, begin_on=SEP, end_on=None
    )


def test_A9_there_is_one_primary_teacher_at_a_time() -> None:
    second = Assignment(BEN, OCT, None, primary=True)
    given(with_teacher()).when(lambda c: c.assign_teacher(E2, second, NOW)).then_refused(PrimaryTeacherExists)
    given(with_teacher()).when(lambda c: c.assign_teacher(E2, replace(second, primary=False), NOW)).then(
        Class.TeacherAssigned, primary=False
    )


def test_A9_the_primary_flag_is_changed_by_one_event() -> None:
    assistant = Assignment(EVA, None, None, primary=False)
    given(with_teacher()).when(lambda c: c.assign_teacher(E1, assistant, NOW)).then(
        Class.TeacherAssigned, primary=False
    )


def test_assigning_again_changes_nothing() -> None:
    same = Assignment(EVA, None, None, primary=True)
    given(with_teacher()).when(lambda c: c.assign_teacher(E1, same, NOW)).then_nothing()


def test_a_teacher_is_in_a_class_once_at_a_time() -> None:
    again = Assignment(EVA, OCT, NOV)
    given(with_teacher()).when(lambda c: c.assign_teacher(E2, again, NOW)).then_refused(AlreadyEnrolled)


def test_an_assignment_id_has_one_teacher() -> None:
    other = Assignment(BEN, OCT, NOV)
    given(with_teacher()).when(lambda c: c.assign_teacher(E1, other, NOW)).then_refused(EnrolmentExists)


def test_A9_a_teacher_is_unassigned_once() -> None:
    given(with_teacher()).when(lambda c: c.unassign_teacher(E1, OCT, NOW)).then(
        Class.TeacherUnassigned, enrolment_id=E1, person_id=EVA, on=OCT
    )
    class_ = with_teacher()
    class_.unassign_teacher(E1, OCT, NOW)
    given(class_).when(lambda c: c.unassign_teacher(E1, OCT, NOW)).then_nothing()


def test_a_class_is_closed_once_and_reopened() -> None:
    given(with_ann()).when(lambda c: c.close(NOW)).then(Class.Closed)
    given(closed()).when(lambda c: c.close(NOW)).then_nothing()
    given(closed()).when(lambda c: c.reopen(NOW)).then(Class.Reopened)
    given(with_ann()).when(lambda c: c.reopen(NOW)).then_nothing()


def test_a_closed_class_takes_nobody_but_lets_go() -> None:
    given(closed()).when(lambda c: c.enrol(E2, Enrolment(BEN, SEP, None), NOW)).then_refused(ClassIsClosed)
    given(closed()).when(lambda c: c.change_dates(E1, SEP, None, NOW)).then_refused(ClassIsClosed)
    given(closed()).when(lambda c: c.assign_teacher(E2, Assignment(EVA, None, None), NOW)).then_refused(ClassIsClosed)
    given(closed()).when(lambda c: c.revise(replace(PIANO, title="x"), NOW)).then_refused(ClassIsClosed)
    given(closed()).when(lambda c: c.withdraw(E1, OCT, NOW)).then(Class.StudentWithdrawn)
