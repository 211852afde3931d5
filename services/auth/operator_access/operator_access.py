"""Operator access: a school's owner lets the operator of the platform in, for a while and a reason, to read."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event

LONGEST = timedelta(hours=72)
TOLD_EVERY = timedelta(hours=1)


class OperatorAccessOver(Refused):
    """The school has not let the operator in, or no longer does."""


class OperatorAccess(Aggregate):
    """One grant. The tokens issued under it name it as their sign-in. That its time is over needs no event."""

    TOPIC = "auth.operator_access"

    class Created(Aggregate.Created):
        TOPIC = "auth.operator_access_created"  # never stored; the library asks for the name

    class Granted(Created):
        TOPIC = "auth.operator_access_granted"
        until: datetime
        reason: str

    class Used(Aggregate.Event):
        """The first time of this operator, and again after an hour."""

        TOPIC = "auth.operator_access_used"
        operator: str

    class Revoked(Aggregate.Event):
        TOPIC = "auth.operator_access_revoked"
        PUBLIC = True

    @event(Granted)
    def __init__(self, *, id: UUID, tenant_id: UUID, until: datetime, reason: str, timestamp: datetime) -> None:
        self.until = until
        self.revoked = False
        self.used: dict[str, datetime] = {}

    def open(self, now: datetime) -> bool:
        return not self.revoked and self.until - now >= timedelta(seconds=1)

    def use(self, operator: str, now: datetime) -> None:
        if not self.open(now):
            raise OperatorAccessOver
        last = self.used.get(operator)
        if last is None or now - last >= TOLD_EVERY:
            self._used(operator=operator, timestamp=now)

    @event(Used)
    def _used(self, operator: str, timestamp: datetime) -> None:
        self.used[operator] = timestamp

    def revoke(self, now: datetime) -> None:
        if self.open(now):
            self._revoked(timestamp=now)

    @event(Revoked)
    def _revoked(self, timestamp: datetime) -> None:
        self.revoked = True
