"""Decisions of a weekly pattern."""

from datetime import date, timedelta

import pytest
from hypothesis import given as for_all
from hypothesis import strategies as st

from academic.classes.weekly_pattern import (
    DatesOfPatternReversed,
    PatternOverlaps,
    TimesOfPatternReversed,
    WeeklyLesson,
    WeeklyPattern,
    check,
    lessons_between,
)

BEGIN, END = date(2026, 9, 1), date(2026, 12, 20)
TUESDAY, THURSDAY = WeeklyLesson(2, "17:00", "18:00"), WeeklyLesson(4, "09:30", "10:30")


def pattern(*lessons: WeeklyLesson, every: int = 1) -> WeeklyPattern:
    return WeeklyPattern(lessons, BEGIN, END, every)


def test_A4_lessons_follow_the_week() -> None:
    days = [day for day, _ in lessons_between(pattern(TUESDAY, THURSDAY), BEGIN, date(2026, 9, 14))]
    assert days == [date(2026, 9, day) for day in (1, 3, 8, 10)]


def test_A4_every_second_week_is_counted_from_the_first() -> None:
    days = [day for day, _ in lessons_between(pattern(TUESDAY, every=2), BEGIN, date(2026, 10, 1))]
    assert days == [date(2026, 9, 1), date(2026, 9, 15), date(2026, 9, 29)]
    later = [day for day, _ in lessons_between(pattern(TUESDAY, every=2), date(2026, 9, 7), date(2026, 10, 1))]
    assert later == [date(2026, 9, 15), date(2026, 9, 29)]


def test_A4_a_pattern_ends_before_its_last_day() -> None:
    ends_on_a_tuesday = WeeklyPattern((TUESDAY,), BEGIN, date(2026, 9, 8))
    assert [day for day, _ in lessons_between(ends_on_a_tuesday, BEGIN, END)] == [BEGIN]


@for_all(st.integers(1, 7), st.integers(1, 8), st.integers(0, 120), st.integers(0, 120))
def test_A4_a_plan_in_two_parts_is_the_plan_in_one(weekday: int, every: int, first: int, length: int) -> None:
    one = pattern(WeeklyLesson(weekday, "10:00", "11:00"), every=every)
    start = BEGIN + timedelta(days=first)
    middle, last = start + timedelta(days=length // 2), start + timedelta(days=length)
    parts = [*lessons_between(one, start, middle), *lessons_between(one, middle + timedelta(days=1), last)]
    assert parts == list(lessons_between(one, start, last))


def test_two_lessons_of_a_pattern_are_never_at_the_same_time() -> None:
    with pytest.raises(PatternOverlaps):
        check(pattern(TUESDAY, WeeklyLesson(2, "17:30", "18:30")))
    check(pattern(TUESDAY, WeeklyLesson(2, "18:00", "19:00"), WeeklyLesson(3, "17:30", "18:30")))


def test_times_and_dates_of_a_pattern_are_in_order() -> None:
    with pytest.raises(TimesOfPatternReversed):
        check(pattern(WeeklyLesson(2, "18:00", "18:00")))
    with pytest.raises(DatesOfPatternReversed):
        check(WeeklyPattern((TUESDAY,), BEGIN, BEGIN))
