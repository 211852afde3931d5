"""A class meeting: one dated lesson of a class."""

from dataclasses import replace
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from academic.meetings.slot import Slot
from shared.errors import Refused
from shared.events import Aggregate, event

Reason = Literal["teacher", "room", "holiday", "weather", "too-few-students", "student", "other"]
"""Words from a list: a free text may tell about somebody's health and would have to be sealed."""
Side = Literal["school", "student"]


class TimesReversed(Refused):
    """A meeting ends after it starts, on the same day."""


class MeetingExists(Refused):
    """The class has a meeting at this day and time."""


class MeetingIsCancelled(Refused):
    """The meeting is cancelled."""


class MeetingIsHeld(Refused):
    """The meeting was held."""


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

    class MeetingRescheduled(Aggregate.Event):
        TOPIC = "academic.meeting_rescheduled"
        PUBLIC = True
        held_on: date
        starts: str
        ends: str
        reason: str

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
    def plan(cls, id: UUID, tenant_id: UUID, class_id: UUID, slot: Slot, now: datetime) -> "ClassMeeting":
        _in_order(slot)
        return cls(id=id, tenant_id=tenant_id, class_id=class_id, timestamp=now, **vars(slot))

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
    ) -> None:
        self.class_id = class_id
        self.slot = Slot(held_on, starts, ends, zone)
        self.held = False
        self.cancelled = False

    def reschedule(self, held_on: date, starts: str, ends: str, reason: Reason, now: datetime) -> None:
        slot = Slot(held_on, starts, ends, self.slot.zone)
        if slot == self.slot:
            return
        self._still_planned()
        _in_order(slot)
        self._meeting_rescheduled(held_on=held_on, starts=starts, ends=ends, reason=reason, timestamp=now)

    def hold(self, now: datetime) -> None:
        if self.held:
            return
        self._still_planned()
        self._meeting_held(timestamp=now)

    def cancel(self, reason: Reason, cancelled_by: Side, now: datetime) -> None:
        if self.cancelled:
            return
        self._still_planned()
        notice = int((self.slot.begins_at - now).total_seconds() // 3600)
        self._meeting_cancelled(reason=reason, cancelled_by=cancelled_by, notice_hours=max(notice, 0), timestamp=now)

    @event(MeetingRescheduled)
    def _meeting_rescheduled(self, held_on: date, starts: str, ends: str, reason: str, timestamp: datetime) -> None:
        self.slot = replace(self.slot, held_on=held_on, starts=starts, ends=ends)

    @event(MeetingHeld)
    def _meeting_held(self, timestamp: datetime) -> None:
        self.held = True

    @event(MeetingCancelled)
    def _meeting_cancelled(self, reason: str, cancelled_by: str, notice_hours: int, timestamp: datetime) -> None:
        self.cancelled = True

    def _still_planned(self) -> None:
        if self.cancelled:
            raise MeetingIsCancelled
        if self.held:
            raise MeetingIsHeld


def _in_order(slot: Slot) -> None:
    if slot.minutes <= 0:
        raise TimesReversed(pointer="/ends")
