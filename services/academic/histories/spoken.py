"""Values of events as people read them."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, is_dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from academic.classes.weekly_pattern import WeeklyLesson
from academic.histories.labels import DAYS, ERASED, NO, OPEN, SOMEBODY, SOMETHING, WORDS, YES
from academic.histories.templates import Language
from academic.registers.mark import Mark
from shared.sealed import Sealed

Opened = Mapping[str, str | None]
"""Clear texts by ciphertext; None for an erased person. A ciphertext that is not in it may not be read."""
WORDED = frozenset({"reason", "clash_reason", "freeze_reason", "why", "cancelled_by"})
PEOPLE = frozenset({"person_id", "guardian_id", "absent_id", "substitute_id", "teacher_ids"})


class Speaker:
    """`names` are those of all ids that may be named."""

    def __init__(self, language: Language, names: Mapping[UUID, str | None], opened: Opened) -> None:
        self.language = language
        self._names = names
        self._opened = opened

    def say(self, field: str, value: Any) -> str:
        if value is None:
            return OPEN
        if isinstance(value, tuple | list):
            return self._many(field, value)
        for kind, say in self._kinds().items():
            if isinstance(value, kind):
                return say(field, value)
        if is_dataclass(value) and not isinstance(value, type):
            return ", ".join(f"{self.say(name, each)}" for name, each in asdict(value).items() if each) or OPEN
        word = WORDS.get(str(value)) if field in WORDED else None
        return str(value) if word is None else str(getattr(word, self.language))

    def _kinds(self) -> dict[type, Callable[[str, Any], str]]:
        return {
            bool: lambda field, value: getattr(YES if value else NO, self.language),
            UUID: self._id,
            Sealed: lambda field, value: self._sealed(value),
            datetime: lambda field, value: value.isoformat(timespec="minutes"),
            date: lambda field, value: value.isoformat(),
            Mark: lambda field, value: self._mark(value),
            WeeklyLesson: lambda field, value: self._lesson(value),
        }

    def name(self, field: str, id: UUID) -> str:
        return self._id(field, id)

    def readable(self, value: Any) -> bool:
        return not isinstance(value, Sealed) or value.text in self._opened

    def _many(self, field: str, values: tuple[Any, ...] | list[Any]) -> str:
        if values and isinstance(values[0], Mark):
            counts = Counter(mark.code for mark in values)
            return ", ".join(f"{count} x {code}" for code, count in sorted(counts.items()))
        return ", ".join(self.say(field, each) for each in values) or OPEN

    def _id(self, field: str, id: UUID) -> str:
        unknown = SOMEBODY if field in PEOPLE else SOMETHING
        if id not in self._names:
            return str(getattr(unknown, self.language))
        name = self._names[id]
        return str(getattr(ERASED, self.language)) if name is None else name

    def _sealed(self, value: Sealed[str]) -> str:
        text = self._opened.get(value.text)
        return str(getattr(ERASED, self.language)) if text is None else text

    def _lesson(self, lesson: WeeklyLesson) -> str:
        return f"{DAYS[self.language][lesson.weekday - 1]} {lesson.starts}-{lesson.ends}"

    @staticmethod
    def _mark(mark: Mark) -> str:
        times = "-".join(filter(None, (mark.arrived_at, mark.left_at)))
        return f"{mark.code} ({times})" if times else mark.code
