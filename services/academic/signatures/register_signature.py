"""A teacher's signature on a register as it stood: it covers the hash of its content at that version."""

from datetime import date, datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived


class NothingToSign(Refused):
    """The register has no marks yet."""


class RegisterSignature(Aggregate):
    """Nothing takes it back. What was marked or corrected later is not covered, and can be signed again."""

    TOPIC = "academic.register_signature"

    class Created(Aggregate.Created):
        TOPIC = "academic.register_signature_created"  # never stored; the library asks for the name

    class RegisterSigned(Created):
        """`content_hash`: SHA-256 in hexadecimal (`academic.registers.content`)."""

        TOPIC = "academic.register_signed"
        class_id: UUID
        meeting_id: UUID
        register_id: UUID
        held_on: date
        register_version: int
        content_hash: str
        person_id: UUID
        method: str

    @event(RegisterSigned)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        class_id: UUID,
        meeting_id: UUID,
        register_id: UUID,
        held_on: date,
        register_version: int,
        content_hash: str,
        person_id: UUID,
        method: str,
        timestamp: datetime,
    ) -> None:
        self.content_hash = content_hash


def register_signature_id(tenant_id: UUID, register_id: UUID, version: int, person_id: UUID) -> UUID:
    """Derived: a teacher signs a version once."""
    return derived(tenant_id, "register-signature", register_id, version, person_id)
