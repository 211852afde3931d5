"""A participant's signature on a meeting: that one was there, said in one of three ways."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived
from shared.sealed import Sealed

Method = Literal["qr", "code", "drawn"]
"""The code that is shown in the room, read with the own login; a code that one got with the own login, told to the
teacher; a signature drawn on the teacher's device."""


class AlreadySigned(Refused):
    """The participant has signed this meeting. A signature is not replaced."""


@dataclass(frozen=True)
class Drawing:
    """`sha256` is that of the image's bytes: whoever has the image can tell that it is the one."""

    image: Sealed[str]
    sha256: str


class ParticipantSignature(Aggregate):
    TOPIC = "academic.participant_signature"

    class Created(Aggregate.Created):
        TOPIC = "academic.participant_signature_created"  # never stored; the library asks for the name

    class MeetingSigned(Created):
        """`image`: a PNG in base64."""

        TOPIC = "academic.meeting_signed"
        class_id: UUID
        meeting_id: UUID
        enrolment_id: UUID
        person_id: UUID
        held_on: date
        method: str
        image: Sealed[str] | None
        image_sha256: str | None

    @classmethod
    def sign(
        cls,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        enrolment_id: UUID,
        person_id: UUID,
        held_on: date,
        method: Method,
        drawing: Drawing | None,
        now: datetime,
    ) -> "ParticipantSignature":
        return cls(
            id=signature_id(tenant_id, meeting_id, enrolment_id),
            tenant_id=tenant_id,
            class_id=class_id,
            meeting_id=meeting_id,
            enrolment_id=enrolment_id,
            person_id=person_id,
            held_on=held_on,
            method=method,
            image=None if drawing is None else drawing.image,
            image_sha256=None if drawing is None else drawing.sha256,
            timestamp=now,
        )

    @event(MeetingSigned)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        enrolment_id: UUID,
        person_id: UUID,
        held_on: date,
        method: str,
        image: Sealed[str] | None,
        image_sha256: str | None,
        timestamp: datetime,
    ) -> None:
        self.person_id = person_id
        self.method = method


def signature_id(tenant_id: UUID, meeting_id: UUID, enrolment_id: UUID) -> UUID:
    """Derived: a participant signs a meeting once."""
    return derived(tenant_id, "participant-signature", meeting_id, enrolment_id)
