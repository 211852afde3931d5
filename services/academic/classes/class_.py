"""A class: an offering of a course in a period. It owns its seats, so it decides who gets in."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from academic.classes.details import ClassDetails, Labels
from academic.classes.guests import AlreadyGuest, GuestKind, GuestPlace, PlaceUnknown, beside
from academic.classes.refusals import AlreadyEnrolled, ClassIsClosed, EnrolmentEnded, EnrolmentExists, EnrolmentUnknown
from academic.classes.seats import Assignment, Enrolment, admit, appoint, fits
from academic.classes.weekly_pattern import WeeklyLesson, WeeklyPattern, check
from shared.events import Aggregate, event


class Class(Aggregate):
    TOPIC = "academic.class"

    class Created(Aggregate.Created):
        TOPIC = "academic.class_created"  # never stored; the library asks for the name

    class Opened(Created):
        TOPIC = "academic.class_opened"
        PUBLIC = True
        title: str
        class_code: str | None
        class_type: str
        course_id: UUID | None
        org_id: UUID
        academic_session_ids: tuple[UUID, ...]
        capacity: int | None
        source_id: str | None
        labels: Labels

    class Revised(Aggregate.Event):
        TOPIC = "academic.class_revised"
        PUBLIC = True
        title: str
        class_code: str | None
        class_type: str
        course_id: UUID | None
        org_id: UUID
        academic_session_ids: tuple[UUID, ...]
        labels: Labels

    class CapacitySet(Aggregate.Event):
        TOPIC = "academic.capacity_set"
        capacity: int | None

    class StudentEnrolled(Aggregate.Event):
        TOPIC = "academic.student_enrolled"
        PUBLIC = True
        enrolment_id: UUID
        person_id: UUID
        course_id: UUID | None
        begin_on: date | None
        end_on: date | None
        source_id: str | None

    class EnrollmentDatesChanged(Aggregate.Event):
        TOPIC = "academic.enrollment_dates_changed"
        PUBLIC = True
        enrolment_id: UUID
        person_id: UUID
        begin_on: date | None
        end_on: date | None

    class StudentWithdrawn(Aggregate.Event):
        """`on` is the first day without the student."""

        TOPIC = "academic.student_withdrawn"
        PUBLIC = True
        enrolment_id: UUID
        person_id: UUID
        on: date

    class TeacherAssigned(Aggregate.Event):
        TOPIC = "academic.teacher_assigned"
        PUBLIC = True
        enrolment_id: UUID
        person_id: UUID
        primary: bool
        begin_on: date | None
        end_on: date | None
        source_id: str | None

    class TeacherUnassigned(Aggregate.Event):
        TOPIC = "academic.teacher_unassigned"
        PUBLIC = True
        enrolment_id: UUID
        person_id: UUID
        on: date

    class WeeklyPatternSet(Aggregate.Event):
        TOPIC = "academic.weekly_pattern_set"
        PUBLIC = True
        lessons: tuple[WeeklyLesson, ...]
        begin_on: date
        end_on: date
        every: int

    class SeatReserved(Aggregate.Event):
        """For somebody on the waiting list, who may take it until then."""

        TOPIC = "academic.seat_reserved"
        enrolment_id: UUID
        person_id: UUID
        begin_on: date | None
        end_on: date | None

    class ReservationEnded(Aggregate.Event):
        TOPIC = "academic.reservation_ended"
        enrolment_id: UUID
        person_id: UUID

    class GuestSeated(Aggregate.Event):
        """A seat in one meeting, for somebody who is not enrolled."""

        TOPIC = "academic.guest_seated"
        PUBLIC = True
        place_id: UUID
        person_id: UUID
        meeting_id: UUID
        on: date
        kind: GuestKind
        credit_id: UUID | None

    class GuestLeft(Aggregate.Event):
        TOPIC = "academic.guest_left"
        PUBLIC = True
        place_id: UUID
        person_id: UUID
        meeting_id: UUID

    class Closed(Aggregate.Event):
        TOPIC = "academic.class_closed"
        PUBLIC = True

    class Reopened(Aggregate.Event):
        TOPIC = "academic.class_reopened"
        PUBLIC = True

    @classmethod
    def open(
        cls,
        id: UUID,
        tenant_id: UUID,
        details: ClassDetails,
        capacity: int | None,
        source_id: str | None,
        now: datetime,
    ) -> "Class":
        return cls(id=id, tenant_id=tenant_id, capacity=capacity, source_id=source_id, timestamp=now, **vars(details))

    @event(Opened)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        title: str,
        class_code: str | None,
        class_type: str,
        course_id: UUID | None,
        org_id: UUID,
        academic_session_ids: tuple[UUID, ...],
        capacity: int | None,
        source_id: str | None,
        labels: Labels,
        timestamp: datetime,
    ) -> None:
        self.details = ClassDetails(title, class_code, class_type, course_id, org_id, academic_session_ids, labels)
        self.capacity = capacity
        self.source_id = source_id
        self.enrolments: dict[UUID, Enrolment] = {}
        self.reserved: dict[UUID, Enrolment] = {}
        self.guests: dict[UUID, GuestPlace] = {}
        self.teachers: dict[UUID, Assignment] = {}
        self.pattern: WeeklyPattern | None = None
        self.closed = False

    def revise(self, details: ClassDetails, now: datetime) -> None:
        """All values at once."""
        if details != self.details:
            self.in_use()
            self._revised(timestamp=now, **vars(details))

    def set_capacity(self, capacity: int | None, now: datetime) -> None:
        """None: as many as come."""
        if capacity == self.capacity:
            return
        stays = self.seated.values()
        fits([*stays, *beside(self.guests.values(), stays)], capacity, "/capacity")
        self._capacity_set(capacity=capacity, timestamp=now)

    def enrol(self, enrolment_id: UUID, stay: Enrolment, now: datetime, source_id: str | None = None) -> None:
        known = self.enrolments.get(enrolment_id)
        if known == stay:
            return
        if known is not None:
            raise EnrolmentExists
        self.check_seat(enrolment_id, stay)
        course_id = self.details.course_id
        self._student_enrolled(
            enrolment_id=enrolment_id, course_id=course_id, source_id=source_id, timestamp=now, **stay.told
        )

    def reserve(self, enrolment_id: UUID, stay: Enrolment, now: datetime) -> None:
        """A seat that only this enrolment can take. Refused like the enrolment itself."""
        if enrolment_id not in self.seated:
            self.check_seat(enrolment_id, stay)
            self._seat_reserved(enrolment_id=enrolment_id, timestamp=now, **stay.told)

    def check_seat(self, enrolment_id: UUID, stay: Enrolment) -> None:
        """Raises what an enrolment would raise now."""
        self.in_use()
        admit(self.seated, self.capacity, enrolment_id, stay, lambda stays: beside(self.guests.values(), stays))

    def end_reservation(self, enrolment_id: UUID, now: datetime) -> None:
        if enrolment_id in self.reserved:
            person_id = self.reserved[enrolment_id].person_id
            self._reservation_ended(enrolment_id=enrolment_id, person_id=person_id, timestamp=now)

    @property
    def seated(self) -> dict[UUID, Enrolment]:
        """Who is in, and for whom a seat is kept."""
        return self.reserved | self.enrolments

    def seat_guest(self, place_id: UUID, place: GuestPlace, now: datetime) -> None:
        """Raises SeatsTaken, AlreadyEnrolled, AlreadyGuest."""
        if self.guests.get(place_id) == place:
            return
        self.in_use()
        if place.person_id in self.enrolled_on(place.on).values():
            raise AlreadyEnrolled(pointer="/person_id")
        if any(each.person_id == place.person_id for each in self.guests_of(place.meeting_id).values()):
            raise AlreadyGuest(pointer="/person_id")
        there = [stay for stay in self.seated.values() if stay.covers(place.on)]
        fits([*there, *beside([*self.guests.values(), place], there)], self.capacity, "/meeting_id")
        self._guest_seated(place_id=place_id, timestamp=now, **vars(place))

    def let_guest_go(self, place_id: UUID, now: datetime) -> GuestPlace:
        """The place is free again. Raises PlaceUnknown."""
        place = self.guests.get(place_id)
        if place is None:
            raise PlaceUnknown
        self._guest_left(place_id=place_id, person_id=place.person_id, meeting_id=place.meeting_id, timestamp=now)
        return place

    def guests_of(self, meeting_id: UUID) -> dict[UUID, GuestPlace]:
        """Without those who are enrolled on that day."""
        return {
            id: each
            for id, each in self.guests.items()
            if each.meeting_id == meeting_id and each.person_id not in self.enrolled_on(each.on).values()
        }

    def change_dates(self, enrolment_id: UUID, begin_on: date | None, end_on: date | None, now: datetime) -> None:
        """New dates of an enrolment; a withdrawn student is in again."""
        known = self._enrolment(enrolment_id)
        stay = Enrolment(known.person_id, begin_on, end_on)
        if stay == known:
            return
        self.check_seat(enrolment_id, stay)
        self._enrollment_dates_changed(enrolment_id=enrolment_id, timestamp=now, **stay.told)

    def withdraw(self, enrolment_id: UUID, on: date, now: datetime) -> None:
        """The student is out from `on`; a day before the begin means: was never in."""
        known = self._enrolment(enrolment_id)
        if known.withdrawn and known.end_on == on:
            return
        if known.end_on is not None and known.end_on < on:
            raise EnrolmentEnded(f"The enrolment ended on {known.end_on}.", pointer="/on")
        self._student_withdrawn(enrolment_id=enrolment_id, person_id=known.person_id, on=on, timestamp=now)

    def assign_teacher(self, enrolment_id: UUID, stay: Assignment, now: datetime, source_id: str | None = None) -> None:
        known = self.teachers.get(enrolment_id)
        if known == stay:
            return
        if known is not None and known.person_id != stay.person_id:
            raise EnrolmentExists
        self.in_use()
        appoint(self.teachers, enrolment_id, stay)
        self._teacher_assigned(
            enrolment_id=enrolment_id, primary=stay.primary, source_id=source_id, timestamp=now, **stay.told
        )

    def unassign_teacher(self, enrolment_id: UUID, on: date, now: datetime) -> None:
        if enrolment_id not in self.teachers:
            raise EnrolmentUnknown
        known = self.teachers[enrolment_id]
        if known.end_on is not None and known.end_on <= on:
            return
        self._teacher_unassigned(enrolment_id=enrolment_id, person_id=known.person_id, on=on, timestamp=now)

    def set_weekly_pattern(self, pattern: WeeklyPattern, now: datetime) -> None:
        """Meetings that are planned already stay as they are."""
        if pattern != self.pattern:
            self.in_use()
            check(pattern)
            self._weekly_pattern_set(timestamp=now, **vars(pattern))

    def close(self, now: datetime) -> None:
        if not self.closed:
            self._closed(timestamp=now)

    def reopen(self, now: datetime) -> None:
        if self.closed:
            self._reopened(timestamp=now)

    def in_use(self) -> None:
        if self.closed:
            raise ClassIsClosed

    def enrolled_on(self, day: date) -> dict[UUID, UUID]:
        """Who sits in the class on that day: enrolment id to person id."""
        return {id: each.person_id for id, each in self.enrolments.items() if each.covers(day)}

    def teachers_on(self, day: date) -> tuple[UUID, ...]:
        """Who teaches the class on that day, the primary teacher first."""
        there = sorted((each for each in self.teachers.values() if each.covers(day)), key=lambda each: not each.primary)
        return tuple(dict.fromkeys(each.person_id for each in there))

    @event(WeeklyPatternSet)
    def _weekly_pattern_set(
        self, lessons: tuple[WeeklyLesson, ...], begin_on: date, end_on: date, every: int, timestamp: datetime
    ) -> None:
        self.pattern = WeeklyPattern(lessons, begin_on, end_on, every)

    @event(Revised)
    def _revised(
        self,
        title: str,
        class_code: str | None,
        class_type: str,
        course_id: UUID | None,
        org_id: UUID,
        academic_session_ids: tuple[UUID, ...],
        labels: Labels,
        timestamp: datetime,
    ) -> None:
        self.details = ClassDetails(title, class_code, class_type, course_id, org_id, academic_session_ids, labels)

    @event(CapacitySet)
    def _capacity_set(self, capacity: int | None, timestamp: datetime) -> None:
        self.capacity = capacity

    @event(StudentEnrolled)
    def _student_enrolled(
        self,
        enrolment_id: UUID,
        person_id: UUID,
        course_id: UUID | None,
        begin_on: date | None,
        end_on: date | None,
        timestamp: datetime,
        source_id: str | None = None,
    ) -> None:
        self.reserved.pop(enrolment_id, None)
        self.enrolments[enrolment_id] = Enrolment(person_id, begin_on, end_on)

    @event(SeatReserved)
    def _seat_reserved(
        self,
        enrolment_id: UUID,
        person_id: UUID,
        begin_on: date | None,
        end_on: date | None,
        timestamp: datetime,
    ) -> None:
        self.reserved[enrolment_id] = Enrolment(person_id, begin_on, end_on)

    @event(ReservationEnded)
    def _reservation_ended(self, enrolment_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        self.reserved.pop(enrolment_id, None)

    @event(GuestSeated)
    def _guest_seated(
        self,
        place_id: UUID,
        person_id: UUID,
        meeting_id: UUID,
        on: date,
        kind: GuestKind,
        credit_id: UUID | None,
        timestamp: datetime,
    ) -> None:
        self.guests[place_id] = GuestPlace(person_id, meeting_id, on, kind, credit_id)

    @event(GuestLeft)
    def _guest_left(self, place_id: UUID, person_id: UUID, meeting_id: UUID, timestamp: datetime) -> None:
        self.guests.pop(place_id, None)

    @event(EnrollmentDatesChanged)
    def _enrollment_dates_changed(
        self,
        enrolment_id: UUID,
        person_id: UUID,
        begin_on: date | None,
        end_on: date | None,
        timestamp: datetime,
    ) -> None:
        self.enrolments[enrolment_id] = Enrolment(person_id, begin_on, end_on)

    @event(StudentWithdrawn)
    def _student_withdrawn(self, enrolment_id: UUID, person_id: UUID, on: date, timestamp: datetime) -> None:
        known = self.enrolments[enrolment_id]
        self.enrolments[enrolment_id] = replace(known, end_on=on, withdrawn=True)

    @event(TeacherAssigned)
    def _teacher_assigned(
        self,
        enrolment_id: UUID,
        person_id: UUID,
        primary: bool,
        begin_on: date | None,
        end_on: date | None,
        timestamp: datetime,
        source_id: str | None = None,
    ) -> None:
        self.teachers[enrolment_id] = Assignment(person_id, begin_on, end_on, primary)

    @event(TeacherUnassigned)
    def _teacher_unassigned(self, enrolment_id: UUID, person_id: UUID, on: date, timestamp: datetime) -> None:
        self.teachers[enrolment_id] = replace(self.teachers[enrolment_id], end_on=on)

    @event(Closed)
    def _closed(self, timestamp: datetime) -> None:
        self.closed = True

    @event(Reopened)
    def _reopened(self, timestamp: datetime) -> None:
        self.closed = False

    def _enrolment(self, enrolment_id: UUID) -> Enrolment:
        if enrolment_id not in self.enrolments:
            raise EnrolmentUnknown
        return self.enrolments[enrolment_id]
