"""Ids of imported things: derived from the school and the `sourcedId` of the system they come from."""

from uuid import UUID

from shared.calls import Claim
from shared.ids import derived


def org_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "org", source_id)


def session_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "academic-session", source_id)


def course_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "course", source_id)


def class_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "class", source_id)


def person_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "person", source_id)


def enrolment_id(tenant_id: UUID, source_id: str) -> UUID:
    return derived(tenant_id, "enrolment", source_id)


def sourced(tenant_id: UUID, thing: str, source_id: str, owner: UUID) -> Claim:
    """The claim on a `sourcedId`: one thing of a kind has it. A thing of our own claims its own id."""
    return Claim(tenant_id, f"sourced-id:{thing}", source_id, owner)
