"""Signatures on registers and meetings over HTTP."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints

from academic.checkins.meeting_codes import (
    MeetingCodeExpired,
    MeetingCodeOfAnother,
    MeetingCodes,
    MeetingCodeUnknown,
    SignatureCodeWrong,
)
from academic.classes.own_classes import OWN_CLASSES
from academic.meetings.class_meeting import MeetingIsCancelled, NotTeaching
from academic.meetings.own_meetings import decide_on_meeting
from academic.people.directory import Directory, names_of
from academic.people.own_family import own_person
from academic.registers.own_registers import decide_on_register
from academic.registers.register import NotEnrolledThatDay
from academic.signatures.commands import (
    sign_by_drawing,
    sign_register,
    sign_with_read_out_code,
    sign_with_shown_code,
)
from academic.signatures.drawing import DrawingUnreadable
from academic.signatures.participant_signature import AlreadySigned
from academic.signatures.participants import MeetingNotBegun, participants_of
from academic.signatures.register_signature import NothingToSign
from academic.signatures.signature_list import SignatureLine, Signatures, signatures_of
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import NotWhileImpersonating, problems

router = APIRouter(tags=["signatures"])

ShownCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,100}$")]
IMAGE_LETTERS = 32_768


class OwnSignature(Request):
    """`code`: what the screen in the room shows."""

    code: ShownCode


class WithCode(Request):
    """`code`: what the participant reads out."""

    method: Literal["code"]
    enrolment_id: UUID
    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]{8}$")]


class Drawn(Request):
    """`image`: a PNG in base64, stored sealed with the participant's key."""

    method: Literal["drawn"]
    enrolment_id: UUID
    image: Annotated[str, Field(min_length=1, max_length=IMAGE_LETTERS, json_schema_extra={"format": "byte"})]

    model_config = Request.model_config | {"str_max_length": IMAGE_LETTERS}


class ReadOut(BaseModel):
    """`until`: when the next code takes its place."""

    code: str
    until: datetime


@router.post(
    "/registers/{register_id}/signatures", status_code=201, responses=problems(NotFound, NotTeaching, NothingToSign)
)
async def post_register_signature(
    register_id: UUID, caller: Annotated[Caller, may("attendance.mark", creates=True, rule=OWN_CLASSES)]
) -> Answer[Receipt]:
    """Sign the register as it stands, as its teacher. `If-Match` with the version that was read makes sure of that."""
    await decide_on_register(caller, register_id, writing=True)
    in_person(caller)
    saved = await sign_register(caller.store, caller.call, register_id, await own_person(caller))
    return caller.accepted(saved, "Register signed")


@router.post(
    "/meetings/{meeting_id}/signatures",
    status_code=201,
    responses=problems(
        NotFound,
        NotEnrolledThatDay,
        AlreadySigned,
        SignatureCodeWrong,
        DrawingUnreadable,
        MeetingIsCancelled,
        MeetingNotBegun,
    ),
)
async def post_signature(
    meeting_id: UUID,
    body: Annotated[WithCode | Drawn, Field(discriminator="method")],
    caller: Annotated[Caller, may("attendance.mark", creates=True, rule=OWN_CLASSES)],
) -> Answer[Receipt]:
    """A participant signs on the teacher's device: with a one-time code, or by hand."""
    await decide_on_meeting(caller, meeting_id, writing=True)
    store, call, who = caller.store, caller.call, body.enrolment_id
    if isinstance(body, Drawn):
        saved = await sign_by_drawing(store, call, caller.keyring, meeting_id, who, body.image)
    else:
        saved = await sign_with_read_out_code(store, call, codes_of(caller), meeting_id, who, body.code)
    return caller.accepted(saved, "Meeting signed")


@router.post(
    "/meetings/{meeting_id}/own-signature",
    status_code=201,
    responses=problems(
        NotFound,
        NotEnrolledThatDay,
        AlreadySigned,
        MeetingCodeUnknown,
        MeetingCodeOfAnother,
        MeetingCodeExpired,
        MeetingIsCancelled,
        MeetingNotBegun,
    ),
)
async def post_own_signature(
    meeting_id: UUID, body: OwnSignature, caller: Annotated[Caller, may("me", creates=True, local=True)]
) -> Answer[Receipt]:
    """Sign with the own login and the code that is shown in the room."""
    person_id = await own_person(caller)
    saved = await sign_with_shown_code(caller.store, caller.call, codes_of(caller), meeting_id, person_id, body.code)
    return caller.accepted(saved, "Meeting signed")


@router.get("/meetings/{meeting_id}/own-signature-code", responses=problems(NotFound, NotEnrolledThatDay))
async def get_own_signature_code(meeting_id: UUID, caller: Annotated[Caller, may("me", local=True)]) -> Answer[ReadOut]:
    """A code to read out to the teacher. It counts for one participant and one meeting, for some minutes, once."""
    in_person(caller)
    there = await participants_of(caller.store, caller.call, meeting_id)
    code = codes_of(caller).read_out(meeting_id, there.enrolment_of(await own_person(caller)), caller.now)
    return caller.answer(ReadOut(code=code.text, until=code.until), "Signature code")


@router.get("/meetings/{meeting_id}/signatures", responses=problems(NotFound))
async def get_signatures(
    meeting_id: UUID, caller: Annotated[Caller, may("attendance.read", rule=OWN_CLASSES)]
) -> Answer[list[SignatureLine]]:
    """Who signed, how and when; and whether the register was changed after a teacher signed it."""
    await decide_on_meeting(caller, meeting_id)
    await participants_of(caller.store, caller.call, meeting_id)
    async with caller.reading(Signatures) as read:
        lines = await signatures_of(read, meeting_id)
    async with caller.reading(Directory) as directory:
        names = await names_of(directory, caller.keyring, {line.person_id for line in lines})
    return caller.answer([line.named(names.get(line.person_id)) for line in lines], "Signatures", read)


def in_person(caller: Caller) -> None:
    """Nobody signs as somebody else. Raises NotWhileImpersonating."""
    if caller.identity is not None and caller.identity.acting is not None:
        raise NotWhileImpersonating


def codes_of(caller: Caller) -> MeetingCodes:
    return MeetingCodes(caller.keyring.master, caller.tenant_id)
