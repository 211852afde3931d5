"""Make-up credits over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from academic.classes.guest_routes import PlaceReceipt
from academic.classes.guests import AlreadyGuest
from academic.classes.refusals import AlreadyEnrolled, ClassIsClosed, SeatsTaken
from academic.make_ups.commands import book_make_up, cancel_make_up, grant_make_up
from academic.make_ups.credit_list import CreditLine, MakeUpCredits, Wanted, credits
from academic.make_ups.make_up_credit import MakeUpExpired, MakeUpNotBooked, MakeUpNotOpen, State
from academic.meetings.class_meeting import MeetingIsCancelled, MeetingIsHeld
from academic.people.own_family import FAMILY, reached_people
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["make-up lessons"])


class NewCredit(Request):
    """`class_id`: the class whose lesson is made up for."""

    person_id: UUID
    class_id: UUID
    why: Literal["goodwill", "lesson-cancelled"]


class NewBooking(Request):
    meeting_id: UUID


@router.get("/make-up-credits")
async def get_credits(
    paging: Page,
    caller: Annotated[Caller, may("enrolments.read", rule=FAMILY)],
    state: State | None = None,
    person_id: UUID | None = None,
    flagged: Annotated[bool | None, Query(description="Used, and its mark was corrected afterwards")] = None,
) -> Answer[list[CreditLine]]:
    """Make-up credits, those that end first before the others. Families see their own."""
    only = await reached_people(caller)
    async with caller.reading(MakeUpCredits) as read:
        lines = await credits(read, paging, Wanted(state, flagged, person_id, only))
    return caller.page(lines, "Make-up credits", read, paging, lambda line: (line.expires_at, line.id))


@router.post("/make-up-credits", status_code=201, responses=problems(NotFound))
async def post_credit(
    body: NewCredit, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[Receipt]:
    """Grant a credit by hand. Those that a mark gives come by themselves."""
    saved = await grant_make_up(caller.store, caller.call, uuid7(), body.person_id, body.class_id, body.why)
    return caller.accepted(saved, "Make-up granted")


@router.post(
    "/make-up-credits/{credit_id}/booking",
    responses=problems(
        NotFound,
        MakeUpNotOpen,
        MakeUpExpired,
        AlreadyEnrolled,
        AlreadyGuest,
        SeatsTaken,
        ClassIsClosed,
        MeetingIsCancelled,
        MeetingIsHeld,
    ),
)
async def post_booking(
    credit_id: UUID, body: NewBooking, caller: Annotated[Caller, may("enrolments.write")]
) -> Answer[PlaceReceipt]:
    """Take a seat in one meeting, of another class or the same."""
    saved = await book_make_up(caller.store, caller.call, credit_id, body.meeting_id, uuid7())
    caller.moved(saved)
    receipt = PlaceReceipt(id=saved.id, version=saved.version, place_id=saved.reply["place_id"])
    return Answer(data=receipt, message="Make-up booked")


@router.post("/make-up-credits/{credit_id}/cancellation", responses=problems(NotFound, MakeUpNotBooked))
async def post_cancellation(credit_id: UUID, caller: Annotated[Caller, may("enrolments.write")]) -> Answer[Receipt]:
    """Cancel the booking. In time the credit is there again, later it is used."""
    return caller.accepted(await cancel_make_up(caller.store, caller.call, credit_id), "Make-up cancelled")
