"""Absence notices over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.absences.absence_notice import AbsenceNotice, DaysReversed, NoticeIsDecided, State
from academic.absences.commands import approve_absence, notify_absence, reject_absence, withdraw_notice
from academic.absences.notices import AbsenceNotices, NoticeLine, Wanted, notices
from academic.fields import Day, Words
from academic.people.own_family import FAMILY, own_family, reached_people
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["absences"])


class NewNotice(Request):
    """From `first` to `last`, both included. `reason` is stored sealed with the student's key."""

    person_id: UUID
    first: Day
    last: Day
    reason: Words | None = None


class Rejection(Request):
    """`answer` is stored sealed with the student's key."""

    answer: Words


@router.post("/absence-notices", status_code=201, responses=problems(NotFound, DaysReversed))
async def post_notice(
    body: NewNotice, caller: Annotated[Caller, may("absences.write", creates=True, rule=FAMILY)]
) -> Answer[Receipt]:
    """Say that a student will not come. Guardians do so for their own."""
    await caller.decide(own_family(body.person_id))
    saved = await notify_absence(
        caller.store, caller.call, caller.keyring, uuid7(), body.person_id, body.first, body.last, body.reason
    )
    return caller.accepted(saved, "Absence notified")


@router.get("/absence-notices")
async def get_notices(
    paging: Page,
    caller: Annotated[Caller, may("absences.read", rule=FAMILY)],
    state: State | None = None,
    on: Day | None = None,
    person_id: UUID | None = None,
) -> Answer[list[NoticeLine]]:
    """Absence notices by first day: of a state, a day, a person. Families see their own."""
    only = await reached_people(caller)
    async with caller.reading(AbsenceNotices) as read:
        lines = await notices(read, caller.keyring, paging, Wanted(state, on, person_id, only))
    return caller.page(lines, "Absence notices", read, paging, lambda line: (line.first, line.id))


@router.post("/absence-notices/{notice_id}/approval", responses=problems(NotFound, NoticeIsDecided))
async def post_approval(notice_id: UUID, caller: Annotated[Caller, may("absences.decide")]) -> Answer[Receipt]:
    """Approve a notice. It marks nobody: the teacher does, and sees it."""
    return caller.accepted(await approve_absence(caller.store, caller.call, notice_id), "Absence approved")


@router.post("/absence-notices/{notice_id}/rejection", responses=problems(NotFound, NoticeIsDecided))
async def post_rejection(
    notice_id: UUID, body: Rejection, caller: Annotated[Caller, may("absences.decide")]
) -> Answer[Receipt]:
    """Reject a notice, with an answer."""
    saved = await reject_absence(caller.store, caller.call, caller.keyring, notice_id, body.answer)
    return caller.accepted(saved, "Absence rejected")


@router.post("/absence-notices/{notice_id}/withdrawal", responses=problems(NotFound, NoticeIsDecided))
async def post_withdrawal(
    notice_id: UUID, caller: Annotated[Caller, may("absences.write", rule=FAMILY)]
) -> Answer[Receipt]:
    """Take a notice back: the student comes after all."""
    notice = await caller.store.get(AbsenceNotice, notice_id, caller.tenant_id)
    await caller.decide(own_family(notice.person_id))
    return caller.accepted(await withdraw_notice(caller.store, caller.call, notice_id), "Notice withdrawn")
