"""What is told of a person, in clear and sealed."""

from dataclasses import dataclass
from uuid import UUID

from academic.people.person import SealedDetails
from shared.personal import Sealer
from shared.sealed import Sealed

PERSONAL = ("given_name", "family_name", "email", "middle_name", "username", "phone", "identifier")


@dataclass(frozen=True)
class ClearDetails:
    given_name: str
    family_name: str
    email: str | None = None
    middle_name: str | None = None
    username: str | None = None
    phone: str | None = None
    identifier: str | None = None
    roles: tuple[str, ...] = ()
    org_ids: tuple[UUID, ...] = ()
    grades: tuple[str, ...] = ()


def sealed(sealer: Sealer, clear: ClearDetails, before: SealedDetails | None = None) -> SealedDetails:
    """Sealed with the person's key. What `before` says already keeps its ciphertext, so equal details stay equal."""
    values = {name: _seal(sealer, name, getattr(clear, name), before) for name in PERSONAL}
    return SealedDetails(
        **values,  # type: ignore[arg-type]
        roles=clear.roles,
        org_ids=clear.org_ids,
        grades=clear.grades,
    )


def _seal(sealer: Sealer, name: str, value: str | None, before: SealedDetails | None) -> Sealed[str] | None:
    if value is None:
        return None
    known: Sealed[str] | None = getattr(before, name) if before is not None else None
    if known is not None and sealer.open(name, known) == value:
        return known
    return sealer.seal(name, value)
