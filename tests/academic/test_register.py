"""Decisions of an attendance register."""

from datetime import UTC, date, datetime

from academic.registers.mark import Lesson, Mark
from academic.registers.register import (
    AlreadyMarked,
    AttendanceRegister,
    MarkedTwice,
    MarksMissing,
    NotEnrolledThatDay,
    NotMarked,
    RegisterIsClosed,
    register_id,
)
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 7, 19, tzinfo=UTC)
TENANT, MEETING, COURSE = uuid7(), uuid7(), uuid7()
LESSON = Lesson(uuid7(), MEETING, COURSE, date(2026, 9, 7), 90)
E1, E2 = uuid7(), uuid7()
ANN, BEN = uuid7(), uuid7()
ENROLLED = {E1: ANN, E2: BEN}
ANN_PRESENT = Mark(E1, ANN, "P", 1, present=True, billable=True)
ANN_EXCUSED = Mark(E1, ANN, "E", 1, present=False, billable=False)
BEN_ABSENT = Mark(E2, BEN, "A", 1, present=False, billable=True)
REASON = Sealed[str]("v1.reason")


def opened() -> AttendanceRegister:
    return AttendanceRegister.open(TENANT, LESSON, NOW)


def marked() -> AttendanceRegister:
    register = opened()
    register.mark([ANN_PRESENT, BEN_ABSENT], ENROLLED, NOW)
    return register


def closed() -> AttendanceRegister:
    register = marked()
    register.close(ENROLLED, NOW)
    return register


def test_a_meeting_has_one_register() -> None:
    assert opened().id == AttendanceRegister.open(TENANT, LESSON, NOW).id == register_id(TENANT, MEETING)


def test_A12_R0_5_a_whole_class_is_marked_as_one_event() -> None:
    given(opened()).when(lambda r: r.mark([ANN_PRESENT, BEN_ABSENT], ENROLLED, NOW)).then(
        AttendanceRegister.AttendanceMarked,
        marks=(ANN_PRESENT, BEN_ABSENT),
        timestamp=NOW,
        **vars(LESSON),
    )


def test_A12_the_same_marks_again_change_nothing() -> None:
    given(marked()).when(lambda r: r.mark([ANN_PRESENT, BEN_ABSENT], ENROLLED, NOW)).then_nothing()
    given(closed()).when(lambda r: r.mark([ANN_PRESENT], ENROLLED, NOW)).then_nothing()


def test_A12_only_new_marks_are_told() -> None:
    register = opened()
    register.mark([ANN_PRESENT], ENROLLED, NOW)
    given(register).when(lambda r: r.mark([ANN_PRESENT, BEN_ABSENT], ENROLLED, NOW)).then(
        AttendanceRegister.AttendanceMarked, marks=(BEN_ABSENT,)
    )


def test_a_mark_is_only_for_who_is_enrolled_that_day() -> None:
    given(opened()).when(lambda r: r.mark([ANN_PRESENT, BEN_ABSENT], {E1: ANN}, NOW)).then_refused(NotEnrolledThatDay)
    given(opened()).when(lambda r: r.mark([ANN_PRESENT], {E1: BEN}, NOW)).then_refused(NotEnrolledThatDay)


def test_a_student_has_one_mark() -> None:
    given(opened()).when(lambda r: r.mark([ANN_PRESENT, ANN_PRESENT], ENROLLED, NOW)).then_refused(MarkedTwice)


def test_A16_another_code_needs_a_correction() -> None:
    given(marked()).when(lambda r: r.mark([ANN_EXCUSED], ENROLLED, NOW)).then_refused(AlreadyMarked)


def test_A16_a_correction_says_from_to_and_why() -> None:
    given(marked()).when(lambda r: r.correct(ANN_EXCUSED, REASON, NOW)).then(
        AttendanceRegister.AttendanceCorrected,
        enrolment_id=E1,
        person_id=ANN,
        before=ANN_PRESENT,
        after=ANN_EXCUSED,
        reason=REASON,
        **vars(LESSON),
    )


def test_A16_a_closed_register_is_corrected_too() -> None:
    given(closed()).when(lambda r: r.correct(ANN_EXCUSED, REASON, NOW)).then(
        AttendanceRegister.AttendanceCorrected, before=ANN_PRESENT, after=ANN_EXCUSED
    )


def test_correcting_to_the_same_code_changes_nothing() -> None:
    given(marked()).when(lambda r: r.correct(ANN_PRESENT, REASON, NOW)).then_nothing()


def test_without_a_mark_there_is_nothing_to_correct() -> None:
    given(opened()).when(lambda r: r.correct(ANN_EXCUSED, REASON, NOW)).then_refused(NotMarked)


def test_a_register_with_a_mark_for_everybody_is_closed_once() -> None:
    given(marked()).when(lambda r: r.close(ENROLLED, NOW)).then(AttendanceRegister.RegisterClosed)
    given(closed()).when(lambda r: r.close(ENROLLED, NOW)).then_nothing()


def test_a_register_without_all_marks_is_not_closed() -> None:
    given(opened()).when(lambda r: r.close(ENROLLED, NOW)).then_refused(MarksMissing)


def test_a_closed_register_takes_no_further_marks() -> None:
    eve = Mark(uuid7(), uuid7(), "P", 1, present=True, billable=True)
    given(closed()).when(lambda r: r.mark([eve], ENROLLED | {eve.enrolment_id: eve.person_id}, NOW)).then_refused(
        RegisterIsClosed
    )
