"""Decisions of a class meeting."""

from datetime import UTC, date, datetime

import pytest

from academic.meetings.class_meeting import ClassMeeting, MeetingIsCancelled, MeetingIsHeld, TimesReversed
from academic.meetings.slot import Slot
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, PIANO = uuid7(), uuid7()
MONDAY = Slot(date(2026, 9, 7), "17:00", "18:30", "Europe/Madrid")


def planned() -> ClassMeeting:
    return ClassMeeting.plan(uuid7(), TENANT, PIANO, MONDAY, NOW)


def held() -> ClassMeeting:
    meeting = planned()
    meeting.hold(NOW)
    return meeting


def cancelled() -> ClassMeeting:
    meeting = planned()
    meeting.cancel("holiday", "school", NOW)
    return meeting


def test_A3_R0_6_a_meeting_is_planned_in_local_time() -> None:
    event = next(iter(planned().collect_events()))
    assert isinstance(event, ClassMeeting.MeetingPlanned)
    assert (event.class_id, event.held_on, event.starts, event.ends) == (
        PIANO,
        MONDAY.held_on,
        "17:00",
        "18:30",
    )
    assert event.zone == "Europe/Madrid"
    assert planned().slot.minutes == 90


@pytest.mark.parametrize("ends", ["17:00", "16:00"])
def test_a_meeting_ends_after_it_starts(ends: str) -> None:
    with pytest.raises(TimesReversed):
        ClassMeeting.plan(uuid7(), TENANT, PIANO, Slot(MONDAY.held_on, "17:00", ends, "UTC"), NOW)
    given(planned()).when(lambda m: m.reschedule(MONDAY.held_on, "17:00", ends, "room", NOW)).then_refused(
        TimesReversed
    )


def test_A6_a_planned_meeting_is_held_once() -> None:
    given(planned()).when(lambda m: m.hold(NOW)).then(ClassMeeting.MeetingHeld, timestamp=NOW)
    given(held()).when(lambda m: m.hold(NOW)).then_nothing()


def test_A6_a_meeting_is_cancelled_with_reason_and_notice() -> None:
    given(planned()).when(lambda m: m.cancel("teacher", "school", NOW)).then(
        ClassMeeting.MeetingCancelled, reason="teacher", cancelled_by="school", notice_hours=6 * 24 + 7
    )


def test_A6_a_late_cancellation_has_no_notice() -> None:
    late = datetime(2026, 9, 7, 15, 30, tzinfo=UTC)
    given(planned()).when(lambda m: m.cancel("student", "student", late)).then(
        ClassMeeting.MeetingCancelled, notice_hours=0
    )


def test_cancelling_twice_changes_nothing() -> None:
    given(cancelled()).when(lambda m: m.cancel("weather", "school", NOW)).then_nothing()


def test_A6_a_meeting_is_moved_with_a_reason() -> None:
    tuesday = date(2026, 9, 8)
    given(planned()).when(lambda m: m.reschedule(tuesday, "18:00", "19:00", "room", NOW)).then(
        ClassMeeting.MeetingRescheduled, held_on=tuesday, starts="18:00", ends="19:00", reason="room"
    )
    given(planned()).when(
        lambda m: m.reschedule(MONDAY.held_on, MONDAY.starts, MONDAY.ends, "room", NOW)
    ).then_nothing()


def test_A6_a_cancelled_meeting_is_neither_held_nor_moved() -> None:
    given(cancelled()).when(lambda m: m.hold(NOW)).then_refused(MeetingIsCancelled)
    given(cancelled()).when(lambda m: m.reschedule(date(2026, 9, 8), "17:00", "18:00", "room", NOW)).then_refused(
        MeetingIsCancelled
    )


def test_A6_a_held_meeting_is_neither_cancelled_nor_moved() -> None:
    given(held()).when(lambda m: m.cancel("room", "school", NOW)).then_refused(MeetingIsHeld)
    given(held()).when(lambda m: m.reschedule(date(2026, 9, 8), "17:00", "18:00", "room", NOW)).then_refused(
        MeetingIsHeld
    )
