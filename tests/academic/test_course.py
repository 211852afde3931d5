"""Decisions of a course."""

from dataclasses import replace
from datetime import UTC, datetime

from academic.courses.course import Course, CourseDetails, CourseIsRetired
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, SCHOOL = uuid7(), uuid7()
PIANO = CourseDetails("Piano", "PIA", SCHOOL, subjects=("Music",))


def piano() -> Course:
    return Course.create(uuid7(), TENANT, PIANO, None, NOW)


def retired() -> Course:
    course = piano()
    course.retire(NOW)
    return course


def test_R0_7_A2_a_course_stands_in_the_catalogue_without_any_class() -> None:
    event = next(iter(piano().collect_events()))
    assert isinstance(event, Course.CourseCreated)
    assert (event.title, event.course_code, event.org_id, event.subjects) == (
        "Piano",
        "PIA",
        SCHOOL,
        ("Music",),
    )


def test_a_course_is_revised_by_one_event() -> None:
    wanted = replace(PIANO, title="Piano I", grades=("1",))
    given(piano()).when(lambda c: c.revise(wanted, NOW)).then(Course.Revised, **vars(wanted))


def test_the_same_row_again_changes_nothing() -> None:
    given(piano()).when(lambda c: c.revise(PIANO, NOW)).then_nothing()


def test_a_course_is_retired_once_and_comes_back() -> None:
    given(piano()).when(lambda c: c.retire(NOW)).then(Course.Retired)
    given(retired()).when(lambda c: c.retire(NOW)).then_nothing()
    given(retired()).when(lambda c: c.restore(NOW)).then(Course.Restored)
    given(piano()).when(lambda c: c.restore(NOW)).then_nothing()


def test_a_retired_course_is_not_revised() -> None:
    given(retired()).when(lambda c: c.revise(replace(PIANO, title="Organ"), NOW)).then_refused(CourseIsRetired)
