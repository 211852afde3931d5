"""A tenant: one school as a customer, and the wall between customers."""

from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event


class LastOwner(Refused):
    """A school always has at least one owner."""


class Tenant(Aggregate):
    TOPIC = "auth.tenant"

    class Created(Aggregate.Created):
        TOPIC = "auth.tenant_created"

    class Registered(Created):
        TOPIC = "auth.tenant_registered"
        PUBLIC = True
        name: str
        country: str
        currency: str
        zone: str
        owner_id: UUID

    class OwnerAdded(Aggregate.Event):
        TOPIC = "auth.owner_added"
        user_id: UUID

    class OwnerRemoved(Aggregate.Event):
        TOPIC = "auth.owner_removed"
        user_id: UUID

    @event(Registered)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        name: str,
        country: str,
        currency: str,
        zone: str,
        owner_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.owners = frozenset({owner_id})

    def add_owner(self, user_id: UUID, now: datetime) -> None:
        if user_id not in self.owners:
            self._owner_added(user_id=user_id, timestamp=now)

    @event(OwnerAdded)
    def _owner_added(self, user_id: UUID, timestamp: datetime) -> None:
        self.owners = self.owners | {user_id}

    def remove_owner(self, user_id: UUID, now: datetime) -> None:
        if user_id not in self.owners:
            return
        if self.owners == {user_id}:
            raise LastOwner
        self._owner_removed(user_id=user_id, timestamp=now)

    @event(OwnerRemoved)
    def _owner_removed(self, user_id: UUID, timestamp: datetime) -> None:
        self.owners = self.owners - {user_id}
