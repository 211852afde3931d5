"""What a school decides about attendance: how long marks can be changed, and what a missed lesson gives."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived

FreezeReason = Literal["late-marks", "mistake", "inspection", "other"]
"""Words from a list: a free text may tell about somebody's health."""


class AttendanceIsFrozen(Refused):
    """The freeze day of this lesson's month has come: only who may override it changes its marks, with a reason."""


@dataclass(frozen=True)
class MakeUpPolicy:
    """`days_valid`: how many days after the missed lesson a credit can be used. `absence_notice_hours`: so long before
    the lesson the absence must have been notified, 0: whenever. `cancel_notice_hours`: so long before the make-up
    lesson a cancelled booking gives the credit back."""

    days_valid: int = 90
    absence_notice_hours: int = 0
    cancel_notice_hours: int = 24


class AttendanceRules(Aggregate):
    TOPIC = "academic.attendance_rules"

    class Created(Aggregate.Created):
        TOPIC = "academic.attendance_rules_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.attendance_rules_started"

    class FreezeDaySet(Aggregate.Event):
        """What auth's settings of the school say."""

        TOPIC = "academic.freeze_day_set"
        freeze_day: int | None
        zone: str

    class MakeUpPolicySet(Aggregate.Event):
        TOPIC = "academic.make_up_policy_set"
        PUBLIC = True
        days_valid: int
        absence_notice_hours: int
        cancel_notice_hours: int

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, timestamp: datetime) -> None:
        self.freeze_day: int | None = None
        self.zone = "UTC"
        self.make_up = MakeUpPolicy()

    def set_freeze_day(self, freeze_day: int | None, zone: str, now: datetime) -> None:
        if (freeze_day, zone) != (self.freeze_day, self.zone):
            self._freeze_day_set(freeze_day=freeze_day, zone=zone, timestamp=now)

    def set_make_up_policy(self, policy: MakeUpPolicy, now: datetime) -> None:
        if policy != self.make_up:
            self._make_up_policy_set(timestamp=now, **vars(policy))

    def frozen(self, held_on: date, now: datetime) -> bool:
        """From the freeze day of the month after the lesson on, in the school's zone."""
        if self.freeze_day is None:
            return False
        return now.astimezone(ZoneInfo(self.zone)).date() >= next_month(held_on).replace(day=self.freeze_day)

    @event(FreezeDaySet)
    def _freeze_day_set(self, freeze_day: int | None, zone: str, timestamp: datetime) -> None:
        self.freeze_day = freeze_day
        self.zone = zone

    @event(MakeUpPolicySet)
    def _make_up_policy_set(
        self, days_valid: int, absence_notice_hours: int, cancel_notice_hours: int, timestamp: datetime
    ) -> None:
        self.make_up = MakeUpPolicy(days_valid, absence_notice_hours, cancel_notice_hours)


def rules_id(tenant_id: UUID) -> UUID:
    return derived(tenant_id, "attendance-rules")


def next_month(day: date) -> date:
    """Its first day."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
