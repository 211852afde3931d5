"""Attendance over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from academic.absences.notices import AbsenceNotices, expected_away
from academic.classes.own_classes import OWN_CLASSES
from academic.codes.code_set import CodeNotInUse
from academic.fields import Clock, Words
from academic.meetings.class_meeting import MeetingIsCancelled
from academic.meetings.own_meetings import decide_on_meeting
from academic.people.directory import Directory, names_of
from academic.registers.commands import close_register, correct_attendance, mark_attendance, reopen_register
from academic.registers.freeze import allowed
from academic.registers.mark import Said
from academic.registers.mark_history import MarkHistory, MarkStep, history_of
from academic.registers.own_registers import decide_on_register
from academic.registers.register import (
    AlreadyMarked,
    MarkedTwice,
    MarksMissing,
    NotEnrolledThatDay,
    NotMarked,
    PersonMarkedTwice,
    ReasonMissing,
    RegisterIsClosed,
    ReopeningReason,
    TimesOutsideLesson,
)
from academic.registers.sheet import RegisterSheet, Sheet, sheet_of
from academic.rules.attendance_rules import AttendanceIsFrozen, FreezeReason
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["attendance"])

Letters = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,8}$")]


class StudentMark(Request):
    """`enrolment_id`: the enrolment, or the place of a guest. `arrived_at`, `left_at`: local times of a student who was
    not there all the time."""

    enrolment_id: UUID
    code: Letters
    arrived_at: Clock | None = None
    left_at: Clock | None = None

    def said(self) -> Said:
        return Said(self.enrolment_id, self.code, self.arrived_at, self.left_at)


class Marks(Request):
    """`freeze_reason`: why after the freeze day of the month; that needs a right of its own."""

    marks: Annotated[tuple[StudentMark, ...], Field(min_length=1, max_length=500)]
    freeze_reason: FreezeReason | None = None


class Correction(StudentMark):
    """`reason` is stored sealed with the student's key. `freeze_reason` as for marks."""

    reason: Words
    freeze_reason: FreezeReason | None = None


class Reopening(Request):
    reason: ReopeningReason


@router.post(
    "/meetings/{meeting_id}/attendance",
    status_code=201,
    responses=problems(
        NotFound,
        MeetingIsCancelled,
        NotEnrolledThatDay,
        AlreadyMarked,
        MarkedTwice,
        PersonMarkedTwice,
        RegisterIsClosed,
        AttendanceIsFrozen,
        CodeNotInUse,
        TimesOutsideLesson,
    ),
)
async def post_attendance(
    meeting_id: UUID, body: Marks, caller: Annotated[Caller, may("attendance.mark", creates=True, rule=OWN_CLASSES)]
) -> Answer[Receipt]:
    """Mark a whole class at once. Opens the register (its id is answered) and marks the meeting as held. A roll that is
    sent late overwrites nothing: the same marks again are no event, other ones are told of student by student."""
    await decide_on_meeting(caller, meeting_id, writing=True)
    said = [mark.said() for mark in body.marks]
    late = allowed(caller, body.freeze_reason)
    saved = await mark_attendance(caller.store, caller.call, meeting_id, said, late)
    return caller.accepted(saved, "Attendance marked")


@router.get("/meetings/{meeting_id}/register", responses=problems(NotFound))
async def get_register(
    meeting_id: UUID, caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)]
) -> Answer[Sheet]:
    """The register sheet of a meeting: who should be there, and the marks so far."""
    await decide_on_meeting(caller, meeting_id)
    async with caller.reading(RegisterSheet) as read:
        sheet = await sheet_of(read, meeting_id)
    people = [line.person_id for line in sheet.lines]
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, people)
    async with caller.reading(AbsenceNotices) as absences:
        away = await expected_away(absences, sheet.held_on, people)
    lines = [line.told(names.get(line.person_id), away.get(line.person_id)) for line in sheet.lines]
    return caller.answer(sheet.model_copy(update={"lines": lines}), "Register", read)


@router.post(
    "/registers/{register_id}/corrections",
    status_code=201,
    responses=problems(NotFound, NotMarked, ReasonMissing, AttendanceIsFrozen, CodeNotInUse, TimesOutsideLesson),
)
async def post_correction(
    register_id: UUID,
    body: Correction,
    caller: Annotated[Caller, may("attendance.correct", creates=True)],
) -> Answer[Receipt]:
    """Correct one mark, with a reason. The mark it replaces stays in the history."""
    saved = await correct_attendance(
        caller.store,
        caller.call,
        caller.keyring,
        register_id,
        body.said(),
        body.reason,
        allowed(caller, body.freeze_reason),
    )
    return caller.accepted(saved, "Attendance corrected")


@router.post("/registers/{register_id}/closure", responses=problems(NotFound, MarksMissing))
async def post_register_closure(
    register_id: UUID, caller: Annotated[Caller, may("attendance.mark", rule=OWN_CLASSES)]
) -> Answer[Receipt]:
    """Close a register that has a mark for everybody."""
    await decide_on_register(caller, register_id, writing=True)
    saved = await close_register(caller.store, caller.call, register_id)
    return caller.accepted(saved, "Register closed")


@router.post("/registers/{register_id}/reopening", responses=problems(NotFound))
async def post_register_reopening(
    register_id: UUID, body: Reopening, caller: Annotated[Caller, may("attendance.correct")]
) -> Answer[Receipt]:
    """Take marks in a closed register again."""
    saved = await reopen_register(caller.store, caller.call, register_id, body.reason)
    return caller.accepted(saved, "Register reopened")


@router.get("/registers/{register_id}/marks/{enrolment_id}/history", responses=problems(NotFound))
async def get_mark_history(
    register_id: UUID, enrolment_id: UUID, caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)]
) -> Answer[list[MarkStep]]:
    """What became of a student's mark: from, to, who, why, when."""
    await decide_on_register(caller, register_id)
    async with caller.reading(MarkHistory) as read:
        steps = await history_of(read, caller.keyring, register_id, enrolment_id)
    return caller.answer(steps, "Mark history", read)
