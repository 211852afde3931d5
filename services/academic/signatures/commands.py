"""What can be signed: a register by who teaches, a meeting by who takes part."""

from dataclasses import replace
from uuid import UUID

from academic.checkins.meeting_codes import MeetingCodes
from academic.classes.class_ import Class
from academic.loading import as_seen
from academic.meetings.class_meeting import ClassMeeting, NotTeaching
from academic.registers.content import content_hash
from academic.registers.register import AttendanceRegister
from academic.signatures.drawing import drawing_of
from academic.signatures.participant_signature import (
    AlreadySigned,
    Drawing,
    Method,
    ParticipantSignature,
    signature_id,
)
from academic.signatures.participants import Participants, participants_of
from academic.signatures.register_signature import NothingToSign, RegisterSignature, register_signature_id
from shared.calls import Call, Saved
from shared.commands import command
from shared.members import PersonalKey
from shared.personal import Keyring
from shared.store import EventStore


@command
async def sign_register(store: EventStore, call: Call, register_id: UUID, teacher_id: UUID | None) -> Saved:
    """By somebody who teaches the class on that day, or this meeting. With `If-Match` it is sure what was signed."""
    async with store.turn(call, register_id):
        register = await store.get(AttendanceRegister, register_id, call.tenant_id)
        as_seen(call, register)
        lesson = register.lesson
        class_ = await store.get(Class, lesson.class_id, call.tenant_id)
        meeting = await store.get(ClassMeeting, lesson.meeting_id, call.tenant_id)
        if teacher_id is None or teacher_id not in (*class_.teachers_on(lesson.held_on), *meeting.teacher_ids):
            raise NotTeaching
        if not register.marks:
            raise NothingToSign
        id = register_signature_id(call.tenant_id, register_id, register.version, teacher_id)
        signature = await store.find(RegisterSignature, id, call.tenant_id) or RegisterSignature(
            id=id,
            tenant_id=call.tenant_id,
            class_id=lesson.class_id,
            meeting_id=lesson.meeting_id,
            register_id=register_id,
            held_on=lesson.held_on,
            register_version=register.version,
            content_hash=content_hash(register_id, lesson, register.marks.values()),
            person_id=teacher_id,
            method="login",
            timestamp=call.now,
        )
        return await store.save(signature, call=replace(call, expected_version=None))


@command
async def sign_with_shown_code(
    store: EventStore, call: Call, codes: MeetingCodes, meeting_id: UUID, person_id: UUID | None, code: str
) -> Saved:
    """By the participant, with the own login, in the room where the code is shown."""
    there = await participants_of(store, call, meeting_id)
    enrolment_id = there.enrolment_of(person_id)
    codes.check_shown(meeting_id, code, call.now)
    return await _signed(store, call, there, enrolment_id, "qr", None)


@command
async def sign_with_read_out_code(
    store: EventStore, call: Call, codes: MeetingCodes, meeting_id: UUID, enrolment_id: UUID, code: str
) -> Saved:
    """On the teacher's device, with a code that the participant got with the own login."""
    there = await participants_of(store, call, meeting_id)
    there.person_of(enrolment_id)
    codes.check_read_out(meeting_id, enrolment_id, code, call.now)
    return await _signed(store, call, there, enrolment_id, "code", None)


@command
async def sign_by_drawing(
    store: EventStore, call: Call, keyring: Keyring, meeting_id: UUID, enrolment_id: UUID, image: str
) -> Saved:
    """On the teacher's device, by hand."""
    there = await participants_of(store, call, meeting_id)
    sealer = await keyring.sealer(call.tenant_id, there.person_of(enrolment_id))
    return await _signed(store, call, there, enrolment_id, "drawn", drawing_of(sealer, image), sealer.new)


async def _signed(
    store: EventStore,
    call: Call,
    there: Participants,
    enrolment_id: UUID,
    method: Method,
    drawing: Drawing | None,
    keys: tuple[PersonalKey, ...] = (),
) -> Saved:
    there.taking_place(call.now)
    meeting, tenant_id = there.meeting, call.tenant_id
    if await store.find(ParticipantSignature, signature_id(tenant_id, meeting.id, enrolment_id), tenant_id) is not None:
        raise AlreadySigned
    person_id, held_on = there.person_of(enrolment_id), meeting.slot.held_on
    signature = ParticipantSignature.sign(
        tenant_id, meeting.class_id, meeting.id, enrolment_id, person_id, held_on, method, drawing, call.now
    )
    return await store.save(signature, call=call, keys=keys)
