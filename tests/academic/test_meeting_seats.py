"""Seats of single meetings: whatever is booked, enrolled, moved or taken back, none holds more people than seats."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as some
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from academic.classes.class_ import Class
from academic.classes.details import ClassDetails
from academic.classes.guests import GuestPlace
from academic.classes.seats import Enrolment
from shared.errors import DomainError
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
DAYS = [date(2026, 9, 7) + timedelta(days=n) for n in range(4)]
PEOPLE = [uuid7() for _ in range(5)]
MEETINGS = {uuid7(): DAYS[n // 2] for n in range(6)}
"""Two on a day."""
people, meetings, numbers = some.sampled_from(PEOPLE), some.sampled_from(sorted(MEETINGS)), some.integers(0, 20)
days = some.one_of(some.none(), some.sampled_from(DAYS))


class Seats(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        details = ClassDetails("Piano", None, "scheduled", None, uuid7(), ())
        self.class_ = Class.open(uuid7(), uuid7(), details, 2, None, NOW)

    @rule(person=people, begin=days, end=days)
    def enrol(self, person: UUID, begin: date | None, end: date | None) -> None:
        with suppress(DomainError):
            self.class_.enrol(uuid7(), Enrolment(person, begin, end), NOW)

    @rule(person=people, begin=days, end=days)
    def keep_a_seat(self, person: UUID, begin: date | None, end: date | None) -> None:
        with suppress(DomainError):
            self.class_.reserve(uuid7(), Enrolment(person, begin, end), NOW)

    @rule(number=numbers, begin=days, end=days)
    def change_dates(self, number: int, begin: date | None, end: date | None) -> None:
        with suppress(DomainError):
            self.class_.change_dates(self._one(list(self.class_.enrolments), number), begin, end, NOW)

    @rule(number=numbers, on=some.sampled_from(DAYS))
    def withdraw(self, number: int, on: date) -> None:
        with suppress(DomainError):
            self.class_.withdraw(self._one(list(self.class_.enrolments), number), on, NOW)

    @rule(number=numbers)
    def end_reservation(self, number: int) -> None:
        self.class_.end_reservation(self._one(list(self.class_.reserved), number), NOW)

    @rule(person=people, meeting=meetings)
    def book(self, person: UUID, meeting: UUID) -> None:
        with suppress(DomainError):
            self.class_.seat_guest(uuid7(), GuestPlace(person, meeting, MEETINGS[meeting], "make-up"), NOW)

    @rule(number=numbers)
    def let_go(self, number: int) -> None:
        with suppress(DomainError):
            self.class_.let_guest_go(self._one(list(self.class_.guests), number), NOW)

    @rule(capacity=some.integers(0, 3))
    def set_capacity(self, capacity: int) -> None:
        with suppress(DomainError):
            self.class_.set_capacity(capacity, NOW)

    @invariant()
    def no_meeting_holds_more_people_than_seats(self) -> None:
        for meeting, day in MEETINGS.items():
            there = {stay.person_id for stay in self.class_.seated.values() if stay.covers(day)}
            guests = {place.person_id for place in self.class_.guests.values() if place.meeting_id == meeting}
            assert self.class_.capacity is not None
            assert len(there | guests) <= self.class_.capacity

    @staticmethod
    def _one(ids: list[UUID], number: int) -> UUID:
        return ids[number % len(ids)] if ids else uuid7()


test_A21_A10_no_meeting_ever_holds_more_people_than_seats = Seats.TestCase
test_A21_A10_no_meeting_ever_holds_more_people_than_seats.settings = settings(max_examples=60, stateful_step_count=25)
