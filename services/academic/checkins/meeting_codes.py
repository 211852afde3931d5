"""Short-lived codes of a meeting: one that is shown to all, one that a participant reads out. None is stored."""

import hmac
from base64 import b32encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC, datetime
from hashlib import sha256
from typing import Literal, NamedTuple
from uuid import UUID

from shared.errors import Refused
from shared.personal import MasterKey

Kind = Literal["shown", "read-out"]

SECONDS = {"shown": 30, "read-out": 300}
"""How long one stands before the next takes its place; it counts as long again."""
MAC = 16
LETTERS = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", b"0123456789ABCDEFGHJKMNPQRSTVWXYZ")
"""Crockford's: none that is taken for another one."""


class MeetingCodeUnknown(Refused):
    """This is no code of a meeting of this school."""


class MeetingCodeOfAnother(Refused):
    """This is the code of another meeting."""


class MeetingCodeExpired(Refused):
    """This code is too old: take the one that is shown now."""


class SignatureCodeWrong(Refused):
    """This is not the participant's code for this meeting, or it is too old."""


class Code(NamedTuple):
    """`until`: when the next one takes its place."""

    text: str
    until: datetime


class MeetingCodes:
    """HMAC-SHA256 over kind, ids and time, under a key of the school: a code of another school is none here."""

    def __init__(self, master: MasterKey, tenant_id: UUID) -> None:
        self._key = master.derive("meeting-codes", tenant_id)

    def shown(self, meeting_id: UUID, now: datetime) -> Code:
        """For a screen in the room. It says nothing of who reads it: that is the login's to say."""
        step = step_of("shown", now)
        raw = meeting_id.bytes + step.to_bytes(8, "big") + self._mac("shown", step, meeting_id)
        return Code(text_of(raw), end_of("shown", step))

    def check_shown(self, meeting_id: UUID, text: str, now: datetime) -> None:
        """Raises MeetingCodeUnknown, MeetingCodeOfAnother, MeetingCodeExpired."""
        try:
            raw = urlsafe_b64decode(text + "=" * (-len(text) % 4))
        except ValueError:
            raise MeetingCodeUnknown(pointer="/code") from None
        named, step = raw[:16], int.from_bytes(raw[16:24], "big")
        if len(raw) != 24 + MAC or text_of(raw) != text:
            raise MeetingCodeUnknown(pointer="/code")
        if not hmac.compare_digest(raw[24:], self._mac("shown", step, UUID(bytes=named))):
            raise MeetingCodeUnknown(pointer="/code")
        if named != meeting_id.bytes:
            raise MeetingCodeOfAnother(pointer="/code")
        if step not in counting("shown", now):
            raise MeetingCodeExpired(pointer="/code")

    def read_out(self, meeting_id: UUID, enrolment_id: UUID, now: datetime) -> Code:
        """For one participant, who got it with the own login and reads it out. It is of use once: a meeting is signed
        once."""
        step = step_of("read-out", now)
        return Code(self._word(step, meeting_id, enrolment_id), end_of("read-out", step))

    def check_read_out(self, meeting_id: UUID, enrolment_id: UUID, text: str, now: datetime) -> None:
        """Raises SignatureCodeWrong."""
        words = [self._word(step, meeting_id, enrolment_id) for step in counting("read-out", now)]
        if not any(hmac.compare_digest(word.encode(), text.upper().encode()) for word in words):
            raise SignatureCodeWrong(pointer="/code")

    def _word(self, step: int, *ids: UUID) -> str:
        return b32encode(self._mac("read-out", step, *ids)[:5]).translate(LETTERS).decode()

    def _mac(self, kind: Kind, step: int, *ids: UUID) -> bytes:
        said = kind.encode() + b"\x1f" + step.to_bytes(8, "big") + b"".join(id.bytes for id in ids)
        return hmac.new(self._key, said, sha256).digest()[:MAC]


def step_of(kind: Kind, now: datetime) -> int:
    return int(now.timestamp()) // SECONDS[kind]


def end_of(kind: Kind, step: int) -> datetime:
    return datetime.fromtimestamp((step + 1) * SECONDS[kind], UTC)


def counting(kind: Kind, now: datetime) -> tuple[int, ...]:
    """This one, the one before, and the next one: two machines may differ by a moment."""
    step = step_of(kind, now)
    return step, step - 1, step + 1


def text_of(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
