"""An impersonation: one member of a school acts as another for a while, for a reason, in the open."""

from datetime import datetime, timedelta
from uuid import UUID

from shared.errors import Forbidden, Refused
from shared.events import Aggregate, event

LONGEST = timedelta(minutes=60)


class OneselfImpersonated(Refused):
    """You are this person already."""


class MembershipNotActive(Refused):
    """This membership is suspended or over: there is nobody to act as."""


class RightsAboveOwn(Forbidden):
    """Nobody acts as somebody who may more, and nobody but an owner acts as an owner."""


class ImpersonationOver(Refused):
    """This impersonation has ended."""


class Impersonation(Aggregate):
    """Its tokens name it as their sign-in. That its time is over needs no event: `until` says so from the first day."""

    TOPIC = "auth.impersonation"

    class Created(Aggregate.Created):
        TOPIC = "auth.impersonation_created"  # never stored; the library asks for the name

    class Started(Created):
        """`user_id` is the one who is acted as."""

        TOPIC = "auth.impersonation_started"
        user_id: UUID
        impersonator_id: UUID
        reason: str
        until: datetime

    class Ended(Aggregate.Event):
        TOPIC = "auth.impersonation_ended"
        PUBLIC = True
        user_id: UUID

    @event(Started)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        user_id: UUID,
        impersonator_id: UUID,
        reason: str,
        until: datetime,
        timestamp: datetime,
    ) -> None:
        self.user_id = user_id
        self.impersonator_id = impersonator_id
        self.until = until
        self.ended = False

    def going_on(self, now: datetime) -> bool:
        return not self.ended and self.until - now >= timedelta(seconds=1)

    def end(self, now: datetime) -> None:
        """Before its time, by either of the two. One whose time is over stays as it is."""
        if self.going_on(now):
            self._ended(user_id=self.user_id, timestamp=now)

    @event(Ended)
    def _ended(self, user_id: UUID, timestamp: datetime) -> None:
        self.ended = True
