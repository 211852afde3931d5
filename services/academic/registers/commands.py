"""What can be done with attendance: mark a whole class, correct one mark, close the register."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.guests import GuestKind
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.loading import as_seen
from academic.meetings.class_meeting import ClassMeeting
from academic.meetings.slot import Slot
from academic.registers.mark import Lesson, Mark, Said, minutes_there
from academic.registers.register import (
    AttendanceRegister,
    NotEnrolledThatDay,
    NotMarked,
    ReasonMissing,
    ReopeningReason,
    TimesOutsideLesson,
    register_id,
)
from academic.rules.attendance_rules import FreezeReason
from academic.rules.commands import late_reason
from shared.calls import Call, Saved
from shared.commands import command
from shared.personal import Keyring
from shared.store import EventStore


@command
async def mark_attendance(
    store: EventStore,
    call: Call,
    meeting_id: UUID,
    marks: Sequence[Said],
    freeze_reason: FreezeReason | None = None,
) -> Saved:
    """Opens the register and holds the meeting in one append."""
    id = register_id(call.tenant_id, meeting_id)
    async with store.turn(call, id, meeting_id):
        meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
        class_ = await store.get(Class, meeting.class_id, call.tenant_id)
        codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
        slot = meeting.slot
        register = await store.find(AttendanceRegister, id, call.tenant_id)
        if register is None:
            lesson = Lesson(class_.id, meeting_id, class_.details.course_id, slot.held_on, slot.minutes)
            register = AttendanceRegister.open(call.tenant_id, lesson, call.now)
        else:
            as_seen(call, register)
        guests = class_.guests_of(meeting_id)
        enrolled = expected(class_, meeting_id, slot.held_on)
        known = {each: mark.person_id for each, mark in register.marks.items()} | enrolled
        new = []
        for number, said in enumerate(marks):
            if said.enrolment_id not in known:
                raise NotEnrolledThatDay(pointer=f"/marks/{number}/enrolment_id")
            mark = _mark(codes, said, known[said.enrolment_id], slot, f"/marks/{number}")
            new.append(mark if said.enrolment_id not in guests else of_guest(mark, guests[said.enrolment_id].kind))
        late = None
        if any(mark.enrolment_id not in register.marks for mark in new):
            late = await late_reason(store, call, slot.held_on, freeze_reason)
        meeting.hold(call.now)
        register.mark(new, enrolled, call.now, late)
        return await store.save(register, meeting, call=call)


@command
async def correct_attendance(
    store: EventStore,
    call: Call,
    keyring: Keyring,
    register_id: UUID,
    said: Said,
    reason: str,
    freeze_reason: FreezeReason | None = None,
) -> Saved:
    if not reason.strip():
        raise ReasonMissing(pointer="/reason")
    async with store.turn(call, register_id):
        register = await store.get(AttendanceRegister, register_id, call.tenant_id)
        as_seen(call, register)
        codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
        before = register.marks.get(said.enrolment_id)
        if before is None:
            raise NotMarked(pointer="/enrolment_id")
        meeting = await store.get(ClassMeeting, register.lesson.meeting_id, call.tenant_id)
        after = _mark(codes, said, before.person_id, meeting.slot, "")
        after = after if before.guest is None else of_guest(after, before.guest)
        late = None
        if before.said != after.said:
            late = await late_reason(store, call, register.lesson.held_on, freeze_reason)
        sealer = await keyring.sealer(call.tenant_id, before.person_id)
        register.correct(after, sealer.seal("reason", reason.strip()), call.now, late)
        return await store.save(register, call=call, keys=sealer.new)


@command
async def close_register(store: EventStore, call: Call, register_id: UUID) -> Saved:
    async with store.turn(call, register_id):
        register = await store.get(AttendanceRegister, register_id, call.tenant_id)
        as_seen(call, register)
        class_ = await store.get(Class, register.lesson.class_id, call.tenant_id)
        register.close(expected(class_, register.lesson.meeting_id, register.lesson.held_on), call.now)
        return await store.save(register, call=call)


@command
async def reopen_register(store: EventStore, call: Call, register_id: UUID, reason: ReopeningReason) -> Saved:
    return await store.change(AttendanceRegister, register_id, lambda r: r.reopen(reason, call.now), call=call)


def expected(class_: Class, meeting_id: UUID, day: date) -> dict[UUID, UUID]:
    """Who has a seat in the lesson: enrolments, and places of guests, to people."""
    guests = {id: place.person_id for id, place in class_.guests_of(meeting_id).items()}
    return class_.enrolled_on(day) | guests


def of_guest(mark: Mark, kind: GuestKind) -> Mark:
    """Nobody is billed for it by an enrolment that is none: a make-up was paid with the lesson that was missed."""
    return replace(mark, guest=kind, billable=False)


def _mark(codes: AttendanceCodeSet, said: Said, person_id: UUID, slot: Slot, pointer: str) -> Mark:
    version = codes.current(said.code, f"{pointer}/code")
    meaning = version.meaning
    minutes = None
    if said.arrived_at is not None or said.left_at is not None:
        minutes = minutes_there(slot.starts, slot.ends, said.arrived_at, said.left_at)
        inside = (said.arrived_at or slot.starts) >= slot.starts and (said.left_at or slot.ends) <= slot.ends
        if not meaning.present or not inside or minutes <= 0:
            raise TimesOutsideLesson(pointer=pointer + ("/arrived_at" if said.arrived_at is not None else "/left_at"))
    return Mark(
        said.enrolment_id,
        person_id,
        said.code,
        version.number,
        meaning.present,
        meaning.billable,
        said.arrived_at,
        said.left_at,
        minutes,
    )
