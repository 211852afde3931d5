"""Checking in over HTTP."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from academic.checkins.check_in import AlreadyCheckedIn
from academic.checkins.check_in_list import CheckInLine, CheckIns, PolicyLine, check_ins_of, policy_of
from academic.checkins.check_in_policy import Marking, Policy
from academic.checkins.commands import CodeDoesNotFit, LessonOver, check_in, set_check_in_policy
from academic.checkins.meeting_codes import (
    MeetingCodeExpired,
    MeetingCodeOfAnother,
    MeetingCodes,
    MeetingCodeUnknown,
)
from academic.classes.class_ import Class
from academic.classes.own_classes import OWN_CLASSES, own_class
from academic.codes.code_set import CodeNotInUse
from academic.meetings.class_meeting import MeetingIsCancelled
from academic.meetings.own_meetings import decide_on_meeting
from academic.people.directory import Directory, names_of
from academic.people.own_family import own_person
from academic.registers.register import NotEnrolledThatDay, RegisterIsClosed
from academic.signatures.participants import MeetingNotBegun, participants_of
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["check-in"])

Letters = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{1,8}$")]


class PolicyBody(Request):
    """`late_after`: minutes after the start that still are in time. `set`: who has no mark gets one by checking in."""

    late_after: Annotated[int, Field(ge=0, le=720)] = 10
    present_code: Letters = "P"
    late_code: Letters = "L"
    marking: Marking = "propose"


class CheckInBody(Request):
    """`code`: what the screen in the room shows."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]


class Shown(BaseModel):
    """`code` is shown as a QR code; `until`: when the next one takes its place."""

    code: str
    until: datetime


@router.get("/classes/{class_id}/check-in-policy", responses=problems(NotFound))
async def get_policy(
    class_id: UUID, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)]
) -> Answer[PolicyLine]:
    """What checking in means in this class."""
    await caller.decide(own_class(class_id))
    await caller.store.get(Class, class_id, caller.tenant_id)
    async with caller.reading(CheckIns) as read:
        policy = await policy_of(read, class_id)
    return caller.answer(policy, "Check-in policy", read)


@router.post("/classes/{class_id}/check-in-policy", responses=problems(NotFound, CodeNotInUse, CodeDoesNotFit))
async def post_policy(
    class_id: UUID, body: PolicyBody, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Say from when on one is late, with which codes, and whether a check-in marks or only proposes."""
    policy = Policy(body.late_after, body.present_code, body.late_code, body.marking)
    saved = await set_check_in_policy(caller.store, caller.call, class_id, policy)
    return caller.accepted(saved, "Check-in policy set")


@router.get("/meetings/{meeting_id}/check-in-code", responses=problems(NotFound, MeetingIsCancelled, MeetingNotBegun))
async def get_check_in_code(
    meeting_id: UUID, caller: Annotated[Caller, may("attendance.mark", rule=OWN_CLASSES)]
) -> Answer[Shown]:
    """The code to show in the room. It changes every 30 seconds and is stored nowhere: ask again at `until`."""
    await decide_on_meeting(caller, meeting_id, writing=True)
    (await participants_of(caller.store, caller.call, meeting_id)).taking_place(caller.now)
    code = MeetingCodes(caller.keyring.master, caller.tenant_id).shown(meeting_id, caller.now)
    return caller.answer(Shown(code=code.text, until=code.until), "Check-in code")


@router.post(
    "/meetings/{meeting_id}/check-in",
    status_code=201,
    responses=problems(
        NotFound,
        NotEnrolledThatDay,
        AlreadyCheckedIn,
        MeetingCodeUnknown,
        MeetingCodeOfAnother,
        MeetingCodeExpired,
        MeetingIsCancelled,
        MeetingNotBegun,
        LessonOver,
        RegisterIsClosed,
        CodeNotInUse,
    ),
)
async def post_check_in(
    meeting_id: UUID, body: CheckInBody, caller: Annotated[Caller, may("me", creates=True, local=True)]
) -> Answer[Receipt]:
    """Say with the own login, in the room, that one is there. A mark that a teacher gave is never changed by it."""
    codes = MeetingCodes(caller.keyring.master, caller.tenant_id)
    saved = await check_in(caller.store, caller.call, codes, meeting_id, await own_person(caller), body.code)
    return caller.accepted(saved, "Checked in")


@router.get("/meetings/{meeting_id}/check-ins", responses=problems(NotFound))
async def get_check_ins(
    meeting_id: UUID, caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)]
) -> Answer[list[CheckInLine]]:
    """Who checked in when, and what the class's policy proposes."""
    await decide_on_meeting(caller, meeting_id)
    await participants_of(caller.store, caller.call, meeting_id)
    async with caller.reading(CheckIns) as read:
        lines = await check_ins_of(read, meeting_id)
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, {line.person_id for line in lines})
    return caller.answer([line.named(names.get(line.person_id)) for line in lines], "Check-ins", read)
