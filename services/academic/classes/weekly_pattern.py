"""The weekly pattern of a class: when it meets, week after week, and which dated lessons follow from that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

from shared.errors import Refused


class PatternMissing(Refused):
    """This class has no weekly pattern."""


class PatternOverlaps(Refused):
    """Two lessons of the pattern are at the same time."""


class TimesOfPatternReversed(Refused):
    """A lesson of the pattern ends after it starts."""


class DatesOfPatternReversed(Refused):
    """A pattern ends after it begins."""


@dataclass(frozen=True)
class WeeklyLesson:
    """`weekday`: 1 is Monday, 7 is Sunday (ISO 8601); local times."""

    weekday: int
    starts: str
    ends: str
    room_id: UUID | None = None


@dataclass(frozen=True)
class WeeklyPattern:
    """From `begin_on` to before `end_on`, every `every` weeks counted from the week of `begin_on`."""

    lessons: tuple[WeeklyLesson, ...]
    begin_on: date
    end_on: date
    every: int = 1


Planned = tuple[date, WeeklyLesson]


def check(pattern: WeeklyPattern) -> None:
    """Raises PatternOverlaps, TimesOfPatternReversed, DatesOfPatternReversed."""
    if pattern.end_on <= pattern.begin_on:
        raise DatesOfPatternReversed(pointer="/end_on")
    for number, lesson in enumerate(pattern.lessons):
        if lesson.ends <= lesson.starts:
            raise TimesOfPatternReversed(pointer=f"/lessons/{number}/ends")
    ordered = sorted(pattern.lessons, key=lambda lesson: (lesson.weekday, lesson.starts))
    for before, after in pairwise(ordered):
        if before.weekday == after.weekday and after.starts < before.ends:
            raise PatternOverlaps(f"Both are on weekday {after.weekday} at {after.starts}.", pointer="/lessons")


def lessons_between(pattern: WeeklyPattern, first: date, last: date) -> Sequence[Planned]:
    """By day and start; `first` and `last` are both included."""
    begin, end = max(first, pattern.begin_on), min(last, pattern.end_on - timedelta(days=1))
    monday = pattern.begin_on - timedelta(days=pattern.begin_on.weekday())
    days = [begin + timedelta(days=number) for number in range((end - begin).days + 1)]
    return [
        (day, lesson)
        for day in days
        if (day - monday).days // 7 % pattern.every == 0
        for lesson in sorted(pattern.lessons, key=lambda lesson: lesson.starts)
        if lesson.weekday == day.isoweekday()
    ]
