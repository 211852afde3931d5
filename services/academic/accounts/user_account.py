"""A user account that belongs to the school and to none of its people yet: somebody has to say whose it is."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived

Why = Literal["nobody", "several", "unknown-person", "person-has-account"]
"""No person has the address; several have it; the invitation named a person who is not here, or who has an account."""


class UserAccount(Aggregate):
    TOPIC = "academic.user_account"

    class Created(Aggregate.Created):
        TOPIC = "academic.user_account_created"  # never stored; the library asks for the name

    class Unmatched(Created):
        TOPIC = "academic.user_account_unmatched"
        user_id: UUID
        why: str
        candidate_ids: tuple[UUID, ...]

    @event(Unmatched)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        user_id: UUID,
        why: str,
        candidate_ids: tuple[UUID, ...],
        timestamp: datetime,
    ) -> None:
        self.user_id = user_id


def account_id(tenant_id: UUID, user_id: UUID) -> UUID:
    return derived(tenant_id, "user-account", user_id)
