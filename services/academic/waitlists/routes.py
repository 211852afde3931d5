"""Waiting lists over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.classes.refusals import AlreadyEnrolled, ClassIsClosed, DatesReversed
from academic.classes.seats import Enrolment
from academic.fields import Day
from academic.waitlists.commands import SeatAvailable, accept_offer, join_waitlist, leave_waitlist
from academic.waitlists.waiting import Waiting, WaitingLine, waiting_for
from academic.waitlists.waitlist import AlreadyWaiting, NoOffer, NotWaiting, WhenFree
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["waiting lists"])


class NewWaiting(Request):
    """`when_free`: whether the person is asked, and has 48 hours to answer, or is enrolled at once."""

    person_id: UUID
    begin_on: Day | None
    end_on: Day | None = None
    when_free: WhenFree = "offer"


class WaitingReceipt(Receipt):
    """`id` and `version` are the waiting list's; `enrolment_id` is what the place in it may become."""

    enrolment_id: UUID


@router.post(
    "/classes/{class_id}/waitlist",
    status_code=201,
    responses=problems(NotFound, AlreadyWaiting, AlreadyEnrolled, SeatAvailable, ClassIsClosed, DatesReversed),
)
async def post_waiting(
    class_id: UUID, body: NewWaiting, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[WaitingReceipt]:
    """Wait for a seat in a class that is full."""
    stay = Enrolment(body.person_id, body.begin_on, body.end_on)
    saved = await join_waitlist(caller.store, caller.call, class_id, uuid7(), stay, body.when_free)
    caller.moved(saved)
    receipt = WaitingReceipt(id=saved.id, version=saved.version, enrolment_id=saved.reply["enrolment_id"])
    return Answer(data=receipt, message="On the waiting list")


@router.get("/classes/{class_id}/waitlist", responses=problems(NotFound))
async def get_waitlist(class_id: UUID, caller: Annotated[Caller, may("enrolments.read")]) -> Answer[list[WaitingLine]]:
    """Who waits, in their order."""
    async with caller.reading(Waiting) as read:
        lines = await waiting_for(read, class_id)
    return caller.answer(lines, "Waiting list", read)


@router.post("/classes/{class_id}/waitlist/{enrolment_id}/leaving", responses=problems(NotFound, NotWaiting))
async def post_leaving(
    class_id: UUID, enrolment_id: UUID, caller: Annotated[Caller, may("enrolments.write")]
) -> Answer[Receipt]:
    """Wait no longer, or decline an offer. A seat that was kept goes to the next in line."""
    saved = await leave_waitlist(caller.store, caller.call, class_id, enrolment_id)
    return caller.accepted(saved, "Left the waiting list")


@router.post(
    "/classes/{class_id}/waitlist/{enrolment_id}/acceptance",
    responses=problems(NotFound, NotWaiting, NoOffer, ClassIsClosed),
)
async def post_acceptance(
    class_id: UUID, enrolment_id: UUID, caller: Annotated[Caller, may("enrolments.write")]
) -> Answer[Receipt]:
    """Take the seat that is offered: the student is enrolled."""
    saved = await accept_offer(caller.store, caller.call, class_id, enrolment_id)
    return caller.accepted(saved, "Enrolled")
