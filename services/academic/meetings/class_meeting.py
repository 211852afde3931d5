"""A class meeting: one dated lesson of a class."""

from dataclasses import replace
from datetime import date, datetime
from typing import Literal, NamedTuple
from uuid import UUID

from academic.meetings.slot import Slot
from shared.errors import Refused
from shared.events import Aggregate, event

Reason = Literal["teacher", "room", "holiday", "weather", "too-few-students", "student", "other"]
"""Words from a list: a free text may tell about somebody's health and would have to be sealed."""
Side = Literal["school", "student"]
UNDONE: Literal["undone"] = "undone"
"""Why a meeting is cancelled that should never have been planned: its day may be planned again."""


class TimesReversed(Refused):
    """A meeting ends after it starts, on the same day."""


class TimeDoesNotExist(Refused):
    """The clocks go forward over this hour: there is no such time on this day."""


class TimesOffGrid(Refused):
    """A meeting with a room or a teacher starts and ends at a full five minutes."""


class MeetingIsCancelled(Refused):
    """The meeting is cancelled."""


class MeetingIsHeld(Refused):
    """The meeting was held."""


class NotTeaching(Refused):
    """This person does not teach the meeting."""


class Staffing(NamedTuple):
    """Where a meeting is, and who teaches it."""

    room_id: UUID | None = None
    teacher_ids: tuple[UUID, ...] = ()


NOBODY = Staffing()


class ClassMeeting(Aggregate):
    TOPIC = "academic.class_meeting"

    class Created(Aggregate.Created):
        TOPIC = "academic.meeting_created"  # never stored; the library asks for the name

    class MeetingPlanned(Created):
        TOPIC = "academic.meeting_planned"
        PUBLIC = True
        class_id: UUID
        held_on: date
        starts: str
        ends: str
        zone: str
        room_id: UUID | None = None
        teacher_ids: tuple[UUID, ...] = ()
        clash_reason: str | None = None

    class MeetingRescheduled(Aggregate.Event):
        TOPIC = "academic.meeting_rescheduled"
        PUBLIC = True
        held_on: date
        starts: str
        ends: str
        reason: str
        clash_reason: str | None = None

    class RoomMoved(Aggregate.Event):
        TOPIC = "academic.room_moved"
        PUBLIC = True
        room_id: UUID | None
        clash_reason: str | None = None

    class TeacherSubstituted(Aggregate.Event):
        """`absent_id` None: one more teacher; `substitute_id` None: one less."""

        TOPIC = "academic.teacher_substituted"
        PUBLIC = True
        absent_id: UUID | None
        substitute_id: UUID | None
        reason: str
        clash_reason: str | None = None

    class MeetingHeld(Aggregate.Event):
        TOPIC = "academic.meeting_held"
        PUBLIC = True

    class MeetingCancelled(Aggregate.Event):
        """`notice_hours`: full hours between the cancellation and the start, 0 when it came later."""

        TOPIC = "academic.meeting_cancelled"
        PUBLIC = True
        reason: str
        cancelled_by: str
        notice_hours: int

    @classmethod
    def plan(
        cls,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        slot: Slot,
        now: datetime,
        staffing: Staffing = NOBODY,
        clash_reason: str | None = None,
    ) -> "ClassMeeting":
        _possible(slot, staffing)
        return cls(
            id=id,
            tenant_id=tenant_id,
            class_id=class_id,
            room_id=staffing.room_id,
            teacher_ids=staffing.teacher_ids,
            clash_reason=clash_reason,
            timestamp=now,
            **vars(slot),
        )

    @event(MeetingPlanned)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        held_on: date,
        starts: str,
        ends: str,
        zone: str,
        timestamp: datetime,
        room_id: UUID | None = None,
        teacher_ids: tuple[UUID, ...] = (),
        clash_reason: str | None = None,
    ) -> None:
        self.class_id = class_id
        self.slot = Slot(held_on, starts, ends, zone)
        self.room_id = room_id
        self.teacher_ids = teacher_ids
        self.held = False
        self.cancelled = False
        self.undone = False

    @property
    def staffing(self) -> Staffing:
        return Staffing(self.room_id, self.teacher_ids)

    def reschedule(
        self,
        held_on: date,
        starts: str,
        ends: str,
        reason: Reason,
        now: datetime,
        clash_reason: str | None = None,
    ) -> None:
        slot = Slot(held_on, starts, ends, self.slot.zone)
        if slot == self.slot:
            return
        self.still_planned()
        _possible(slot, self.staffing)
        self._meeting_rescheduled(
            held_on=held_on, starts=starts, ends=ends, reason=reason, clash_reason=clash_reason, timestamp=now
        )

    def move_room(self, room_id: UUID | None, now: datetime, clash_reason: str | None = None) -> None:
        if room_id == self.room_id:
            return
        self.still_planned()
        _possible(self.slot, Staffing(room_id, self.teacher_ids))
        self._room_moved(room_id=room_id, clash_reason=clash_reason, timestamp=now)

    def substitute(
        self,
        absent_id: UUID | None,
        substitute_id: UUID | None,
        reason: Reason,
        now: datetime,
        clash_reason: str | None = None,
    ) -> None:
        """One teacher for another; None stands for nobody."""
        if absent_id is not None and absent_id not in self.teacher_ids:
            raise NotTeaching(pointer="/absent_id")
        after = replaced(self.teacher_ids, absent_id, substitute_id)
        if after == self.teacher_ids:
            return
        self.still_planned()
        _possible(self.slot, Staffing(self.room_id, after))
        self._teacher_substituted(
            absent_id=absent_id, substitute_id=substitute_id, reason=reason, clash_reason=clash_reason, timestamp=now
        )

    def hold(self, now: datetime) -> None:
        if self.held:
            return
        self.still_planned()
        self._meeting_held(timestamp=now)

    def cancel(self, reason: Reason | Literal["undone"], cancelled_by: Side, now: datetime) -> None:
        if self.cancelled:
            return
        self.still_planned()
        notice = int((self.slot.begins_at - now).total_seconds() // 3600)
        self._meeting_cancelled(reason=reason, cancelled_by=cancelled_by, notice_hours=max(notice, 0), timestamp=now)

    @event(RoomMoved)
    def _room_moved(self, room_id: UUID | None, timestamp: datetime, clash_reason: str | None = None) -> None:
        self.room_id = room_id

    @event(TeacherSubstituted)
    def _teacher_substituted(
        self,
        absent_id: UUID | None,
        substitute_id: UUID | None,
        reason: str,
        timestamp: datetime,
        clash_reason: str | None = None,
    ) -> None:
        self.teacher_ids = replaced(self.teacher_ids, absent_id, substitute_id)

    @event(MeetingRescheduled)
    def _meeting_rescheduled(
        self,
        held_on: date,
        starts: str,
        ends: str,
        reason: str,
        timestamp: datetime,
        clash_reason: str | None = None,
    ) -> None:
        self.slot = replace(self.slot, held_on=held_on, starts=starts, ends=ends)

    @event(MeetingHeld)
    def _meeting_held(self, timestamp: datetime) -> None:
        self.held = True

    @event(MeetingCancelled)
    def _meeting_cancelled(self, reason: str, cancelled_by: str, notice_hours: int, timestamp: datetime) -> None:
        self.cancelled = True
        self.undone = reason == UNDONE

    def still_planned(self) -> None:
        if self.cancelled:
            raise MeetingIsCancelled
        if self.held:
            raise MeetingIsHeld


def _possible(slot: Slot, staffing: Staffing) -> None:
    if slot.minutes <= 0:
        raise TimesReversed(pointer="/ends")
    if not slot.exists:
        raise TimeDoesNotExist(f"{slot.starts} is left out on {slot.held_on} in {slot.zone}.", pointer="/starts")
    if staffing != NOBODY and not slot.on_grid:
        raise TimesOffGrid(pointer="/starts")


def replaced(teachers: tuple[UUID, ...], absent: UUID | None, substitute: UUID | None) -> tuple[UUID, ...]:
    left = tuple(id for id in teachers if id != absent)
    return left if substitute is None or substitute in left else (*left, substitute)
