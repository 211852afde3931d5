"""What can be done about checking in: set a class's policy, check in."""

from uuid import UUID

from academic.checkins.check_in import AlreadyCheckedIn, CheckIn, check_in_id
from academic.checkins.check_in_policy import CheckInPolicy, Policy, policy_id
from academic.checkins.meeting_codes import MeetingCodes
from academic.classes.class_ import Class
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.meetings.slot import Slot
from academic.registers.commands import of_guest
from academic.registers.mark import Lesson, Mark, minutes_there
from academic.registers.register import AttendanceRegister, RegisterIsClosed, TimesOutsideLesson, register_id
from academic.signatures.participants import Participants, participants_of
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.store import EventStore


class CodeDoesNotFit(Refused):
    """A code for who checks in counts as present."""


class LessonOver(Refused):
    """The lesson is over, or on another day."""


@command
async def set_check_in_policy(store: EventStore, call: Call, class_id: UUID, policy: Policy) -> Saved:
    """The codes must be in use now. Raises CodeNotInUse, CodeDoesNotFit."""
    await store.get(Class, class_id, call.tenant_id)
    codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
    for field in ("present_code", "late_code"):
        if not codes.current(getattr(policy, field), f"/{field}").meaning.present:
            raise CodeDoesNotFit(pointer=f"/{field}")
    id = policy_id(call.tenant_id, class_id)
    async with store.turn(call, id):
        held = await store.find(CheckInPolicy, id, call.tenant_id)
        held = held or CheckInPolicy(id=id, tenant_id=call.tenant_id, class_id=class_id, timestamp=call.now)
        held.set(policy, call.now)
        return await store.save(held, call=call)


@command
async def check_in(
    store: EventStore, call: Call, codes: MeetingCodes, meeting_id: UUID, person_id: UUID | None, code: str
) -> Saved:
    """The arrival is kept whatever is marked. A mark that somebody gave or corrected stays as it is."""
    id = register_id(call.tenant_id, meeting_id)
    async with store.turn(call, id, meeting_id):
        there = await participants_of(store, call, meeting_id)
        enrolment_id = there.enrolment_of(person_id)
        codes.check_shown(meeting_id, code, call.now)
        there.taking_place(call.now)
        if await store.find(CheckIn, check_in_id(call.tenant_id, meeting_id, enrolment_id), call.tenant_id) is not None:
            raise AlreadyCheckedIn
        held = await store.find(CheckInPolicy, policy_id(call.tenant_id, there.class_.id), call.tenant_id)
        policy = Policy() if held is None else held.policy
        register = await store.find(AttendanceRegister, id, call.tenant_id)
        marked = register is not None and enrolment_id in register.marks
        arrived = arrival(call, there, enrolment_id, None if marked else policy)
        if marked or policy.marking == "propose":
            return await store.save(arrived, call=call)
        register = register or AttendanceRegister.open(call.tenant_id, lesson_of(there), call.now)
        if register.closed:
            raise RegisterIsClosed
        school_codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
        mark = mark_of(school_codes, there, enrolment_id, policy, call)
        register.mark([mark], there.seats, call.now)
        there.meeting.hold(call.now)
        return await store.save(arrived, register, there.meeting, call=call)


def arrival(call: Call, there: Participants, enrolment_id: UUID, policy: Policy | None) -> CheckIn:
    """Raises LessonOver."""
    slot = there.meeting.slot
    arrived_at, late = minutes_late(slot, call)
    return CheckIn(
        id=check_in_id(call.tenant_id, there.meeting.id, enrolment_id),
        tenant_id=call.tenant_id,
        class_id=there.class_.id,
        meeting_id=there.meeting.id,
        enrolment_id=enrolment_id,
        person_id=there.person_of(enrolment_id),
        held_on=slot.held_on,
        arrived_at=arrived_at,
        late=late,
        proposed=None if policy is None else policy.code(late),
        timestamp=call.now,
    )


def minutes_late(slot: Slot, call: Call) -> tuple[str, int]:
    """The local time on the wall, and how many minutes after the start it is. Raises LessonOver."""
    local = call.now.astimezone(slot.begins_at.tzinfo)
    clock = f"{local:%H:%M}"
    if local.date() != slot.held_on or clock >= slot.ends:
        raise LessonOver
    return clock, max(minutes_there(slot.starts, slot.ends, None, clock), 0)


def mark_of(codes: AttendanceCodeSet, there: Participants, enrolment_id: UUID, policy: Policy, call: Call) -> Mark:
    """Who is late has the time of arrival in the mark."""
    slot = there.meeting.slot
    clock, late = minutes_late(slot, call)
    version = codes.current(policy.code(late))
    arrived_at = clock if late > policy.late_after else None
    minutes = None if arrived_at is None else minutes_there(slot.starts, slot.ends, arrived_at, None)
    if not version.meaning.present:
        raise TimesOutsideLesson
    mark = Mark(
        enrolment_id,
        there.person_of(enrolment_id),
        version.meaning.code,
        version.number,
        version.meaning.present,
        version.meaning.billable,
        arrived_at,
        None,
        minutes,
    )
    guest = there.class_.guests_of(there.meeting.id).get(enrolment_id)
    return mark if guest is None else of_guest(mark, guest.kind)


def lesson_of(there: Participants) -> Lesson:
    class_, slot = there.class_, there.meeting.slot
    return Lesson(class_.id, there.meeting.id, class_.details.course_id, slot.held_on, slot.minutes)
