"""Who may be in a class and when: stays are half-open (begin inclusive, end exclusive, None unbounded)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from academic.classes.refusals import AlreadyEnrolled, DatesReversed, PrimaryTeacherExists, SeatsTaken

EARLIEST = date(1900, 1, 1)
"""No day of a school lies before it: who leaves then was never in, whenever the stay began."""


@dataclass(frozen=True)
class Stay:
    """One person's time in a class."""

    person_id: UUID
    begin_on: date | None
    end_on: date | None

    @property
    def told(self) -> dict[str, Any]:
        """What every event about a stay says of it."""
        return {"person_id": self.person_id, "begin_on": self.begin_on, "end_on": self.end_on}

    @property
    def empty(self) -> bool:
        return self.end_on is not None and self.end_on <= (self.begin_on or EARLIEST)

    def covers(self, day: date) -> bool:
        return (self.begin_on is None or self.begin_on <= day) and (self.end_on is None or day < self.end_on)

    def overlaps(self, other: "Stay") -> bool:
        return (
            not self.empty
            and not other.empty
            and (self.end_on is None or other.begin_on is None or other.begin_on < self.end_on)
            and (other.end_on is None or self.begin_on is None or self.begin_on < other.end_on)
        )


@dataclass(frozen=True)
class Enrolment(Stay):
    """A student's stay."""

    withdrawn: bool = False


@dataclass(frozen=True)
class Assignment(Stay):
    """A teacher's stay."""

    primary: bool = False


def admit(
    enrolments: Mapping[UUID, Enrolment],
    capacity: int | None,
    enrolment_id: UUID,
    wanted: Enrolment,
    guests_beside: Callable[[Collection[Stay]], Iterable[Stay]] = lambda _: (),
) -> None:
    """Refuses a stay that has no seat on some day, or of a person who is in already. `guests_beside`: what guests of
    single meetings take beside some stays."""
    others = [stay for id, stay in enrolments.items() if id != enrolment_id]
    _in_order(wanted)
    _not_twice(others, wanted)
    stays = [stay for stay in others if stay.overlaps(wanted)] + [wanted]
    fits([*stays, *guests_beside(stays)], capacity, "/begin_on")


def appoint(assignments: Mapping[UUID, Assignment], enrolment_id: UUID, wanted: Assignment) -> None:
    """Refuses a second primary teacher, or a teacher who is in already."""
    others = [stay for id, stay in assignments.items() if id != enrolment_id]
    _in_order(wanted)
    _not_twice(others, wanted)
    if wanted.primary and any(other.primary and other.overlaps(wanted) for other in others):
        raise PrimaryTeacherExists(pointer="/primary")


def fits(stays: Iterable[Stay], capacity: int | None, pointer: str) -> None:
    """Refuses when on some day more stays meet than there are seats, and names the first such day."""
    if capacity is None:
        return
    steps = []
    for stay in stays:
        if not stay.empty:
            steps.append((stay.begin_on or date.min, 1))
            if stay.end_on is not None:
                steps.append((stay.end_on, -1))
    taken = 0
    # On one day, who leaves (-1) goes before who comes (1).
    for day, step in sorted(steps):
        taken += step
        if taken > capacity:
            when = "from the beginning" if day == date.min else f"on {day}"
            raise SeatsTaken(f"No seat {when}: all {capacity} are taken.", pointer=pointer)


def _in_order(stay: Stay) -> None:
    if stay.empty:
        raise DatesReversed(pointer="/end_on")


def _not_twice(others: Iterable[Stay], wanted: Stay) -> None:
    for other in others:
        if other.person_id == wanted.person_id and other.overlaps(wanted):
            raise AlreadyEnrolled(pointer="/person_id")
