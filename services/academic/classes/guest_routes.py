"""Guests of one meeting over HTTP."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter

from academic.classes.guest_commands import PlaceIsMakeUp, remove_guest, seat_guest
from academic.classes.guests import AlreadyGuest, PlaceUnknown
from academic.classes.refusals import AlreadyEnrolled, ClassIsClosed, SeatsTaken
from academic.meetings.class_meeting import MeetingIsCancelled, MeetingIsHeld
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["make-up lessons"])


class NewGuest(Request):
    person_id: UUID
    kind: Literal["trial", "guest"] = "guest"


class PlaceReceipt(Receipt):
    """`id` and `version` are what was changed first; `place_id` is what marks of the guest name as `enrolment_id`."""

    place_id: UUID


@router.post(
    "/meetings/{meeting_id}/guests",
    status_code=201,
    responses=problems(
        NotFound, AlreadyEnrolled, AlreadyGuest, SeatsTaken, ClassIsClosed, MeetingIsCancelled, MeetingIsHeld
    ),
)
async def post_guest(
    meeting_id: UUID, body: NewGuest, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[PlaceReceipt]:
    """Give somebody who is not enrolled a seat in this one meeting. The register shows the guest."""
    saved = await seat_guest(caller.store, caller.call, meeting_id, uuid7(), body.person_id, body.kind)
    caller.moved(saved)
    receipt = PlaceReceipt(id=saved.id, version=saved.version, place_id=saved.reply["place_id"])
    return Answer(data=receipt, message="Guest seated")


@router.post(
    "/meetings/{meeting_id}/guests/{place_id}/removal", responses=problems(NotFound, PlaceUnknown, PlaceIsMakeUp)
)
async def post_guest_removal(
    meeting_id: UUID, place_id: UUID, caller: Annotated[Caller, may("enrolments.write")]
) -> Answer[Receipt]:
    """The guest does not come: the seat is free again."""
    return caller.accepted(await remove_guest(caller.store, caller.call, meeting_id, place_id), "Guest removed")
