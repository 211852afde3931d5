"""Who signed a meeting and its register, how and when, and what was changed since."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from academic.people.directory import Name
from academic.registers.register import AttendanceRegister
from academic.signatures.participant_signature import ParticipantSignature
from academic.signatures.register_signature import RegisterSignature
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

SIGNATURES = Table(
    "signature",
    key=("tenant_id", "meeting_id", "signature_id"),
    columns={
        "tenant_id": "uuid",
        "meeting_id": "uuid",
        "signature_id": "uuid",
        "position": "int8",
        "by": "text",
        "person_id": "uuid",
        "enrolment_id": "uuid",
        "register_version": "int8",
        "content_hash": "text",
        "method": "text",
        "signed_at": "timestamptz",
    },
)
CHANGES = Table(
    "signature_change",
    key=("tenant_id", "meeting_id"),
    columns={"tenant_id": "uuid", "meeting_id": "uuid", "position": "int8"},
)


class Signatures(View):
    """Signatures of meetings, and the position of the newest mark of each."""

    NAME = "signatures"
    SOURCE = "academic"
    TABLES = (SIGNATURES, CHANGES)

    @on(AttendanceRegister.AttendanceMarked)
    def marked(self, fact: Fact[AttendanceRegister.AttendanceMarked], rows: Rows) -> None:
        self._changed(fact, rows)

    @on(AttendanceRegister.AttendanceCorrected)
    def corrected(self, fact: Fact[AttendanceRegister.AttendanceCorrected], rows: Rows) -> None:
        self._changed(fact, rows)

    @on(RegisterSignature.RegisterSigned)
    def register_signed(self, fact: Fact[RegisterSignature.RegisterSigned], rows: Rows) -> None:
        data = fact.data
        covered = {"register_version": data.register_version, "content_hash": data.content_hash}
        self._signed(fact, rows, by="teacher", enrolment_id=None, **covered)

    @on(ParticipantSignature.MeetingSigned)
    def meeting_signed(self, fact: Fact[ParticipantSignature.MeetingSigned], rows: Rows) -> None:
        enrolment_id = fact.data.enrolment_id
        self._signed(fact, rows, by="participant", enrolment_id=enrolment_id, register_version=None, content_hash=None)

    @staticmethod
    def _changed(fact: Fact[Any], rows: Rows) -> None:
        change = {"meeting_id": fact.data.meeting_id, "position": fact.position}
        rows.put(CHANGES, {"tenant_id": fact.tenant_id, **change})

    @staticmethod
    def _signed(fact: Fact[Any], rows: Rows, **more: Any) -> None:
        rows.put(
            SIGNATURES,
            {
                "tenant_id": fact.tenant_id,
                "meeting_id": fact.data.meeting_id,
                "signature_id": fact.aggregate_id,
                "position": fact.position,
                "person_id": fact.data.person_id,
                "method": fact.data.method,
                "signed_at": fact.time,
                **more,
            },
        )


class SignatureLine(BaseModel):
    """A teacher's covers `content_hash`, the register at `register_version`; `changed_since`: marks were given or
    corrected after it. The names are null for an erased person."""

    by: Literal["teacher", "participant"]
    person_id: UUID
    enrolment_id: UUID | None
    method: Literal["login", "qr", "code", "drawn"]
    signed_at: datetime
    register_version: int | None
    content_hash: str | None
    changed_since: bool | None
    given_name: str | None = None
    family_name: str | None = None

    def named(self, name: Name | None) -> "SignatureLine":
        if name is None:
            return self
        return self.model_copy(update={"given_name": name.given_name, "family_name": name.family_name})


async def signatures_of(read: Reading, meeting_id: UUID) -> list[SignatureLine]:
    """In the order in which they were given."""
    return await read.all(
        SignatureLine,
        "SELECT s.by, s.person_id, s.enrolment_id, s.method, s.signed_at, s.register_version, s.content_hash,"
        " CASE WHEN s.by = 'teacher' THEN coalesce(c.position > s.position, false) END AS changed_since"
        " FROM signature s LEFT JOIN signature_change c ON c.tenant_id = s.tenant_id AND c.meeting_id = s.meeting_id"
        " WHERE s.tenant_id = %(tenant)s AND s.meeting_id = %(meeting_id)s ORDER BY s.position",
        meeting_id=meeting_id,
    )
