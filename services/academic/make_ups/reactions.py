"""Marks give and use make-up credits; meetings that do not take place as planned give places and credits back; credits
expire."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from academic.absences.notices import AbsenceNotices, noticed_before
from academic.classes.class_ import Class
from academic.make_ups.commands import expire_make_up
from academic.make_ups.credit_list import MakeUpCredits, due_credits
from academic.make_ups.following import follow_register, settle_places
from academic.meetings.class_meeting import ClassMeeting
from academic.registers.mark import Mark
from academic.registers.register import AttendanceRegister
from academic.rules.commands import rules_of
from shared.calls import Actor, Call
from shared.clock import Due
from shared.ids import uuid7
from shared.kernel import Kernel
from shared.reactions import Act, Fact, when
from shared.reading import reading_all


@when(AttendanceRegister.AttendanceMarked, name="academic.make-ups-of-marks")
async def when_attendance_marked(fact: Fact[AttendanceRegister.AttendanceMarked], act: Act) -> None:
    await follow(act, fact, [mark for mark in fact.data.marks if not mark.present or mark.guest is not None])


@when(AttendanceRegister.AttendanceCorrected, name="academic.make-up-of-correction")
async def when_attendance_corrected(fact: Fact[AttendanceRegister.AttendanceCorrected], act: Act) -> None:
    await follow(act, fact, [fact.data.after])


@when(Class.GuestSeated, name="academic.place-of-guest")
async def when_guest_seated(fact: Fact[Class.GuestSeated], act: Act) -> None:
    """The meeting may have been cancelled or moved while the place was taken."""
    await settle_places(act.store, act.call, fact.data.meeting_id)


@when(ClassMeeting.MeetingCancelled, name="academic.places-of-cancelled-meeting")
async def when_meeting_cancelled(fact: Fact[ClassMeeting.MeetingCancelled], act: Act) -> None:
    await settle_places(act.store, act.call, fact.aggregate_id)


@when(ClassMeeting.MeetingRescheduled, name="academic.places-of-moved-meeting")
async def when_meeting_rescheduled(fact: Fact[ClassMeeting.MeetingRescheduled], act: Act) -> None:
    await settle_places(act.store, act.call, fact.aggregate_id)


REACTIONS = (
    when_attendance_marked,
    when_attendance_corrected,
    when_guest_seated,
    when_meeting_cancelled,
    when_meeting_rescheduled,
)


async def follow(act: Act, fact: Fact[Any], marks: list[Mark]) -> None:
    if marks:
        noticed = await with_notice(act, fact.data.meeting_id, {mark.person_id for mark in marks})
        await follow_register(act.store, act.call, fact.aggregate_id, [mark.enrolment_id for mark in marks], noticed)


async def with_notice(act: Act, meeting_id: UUID, people: Collection[UUID]) -> set[UUID] | None:
    """Of these people, who gave notice in time; None where the school asks for none."""
    hours = (await rules_of(act.store, act.call)).make_up.absence_notice_hours
    if hours == 0:
        return None
    meeting = await act.store.get(ClassMeeting, meeting_id, act.call.tenant_id)
    async with act.reading(AbsenceNotices) as read:
        return await noticed_before(read, meeting.slot.held_on, people, meeting.slot.begins_at - timedelta(hours=hours))


async def expire(kernel: Kernel, now: datetime) -> None:
    """Credits whose time is over; a run may be repeated or missed."""
    async with reading_all(kernel.pool, MakeUpCredits) as connection:
        due = await due_credits(connection, now)
    for tenant_id, credit_id in due:
        call = Call(
            tenant_id=tenant_id, actor=Actor("system", "academic.expire-make-ups"), now=now, correlation_id=uuid7()
        )
        await expire_make_up(kernel.store, call, credit_id)


EXPIRING = Due("academic.expire-make-ups", timedelta(minutes=1), expire)
