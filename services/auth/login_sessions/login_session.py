"""A login session: one sign-in of one user on one device."""

from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event


class LoginSession(Aggregate):
    TOPIC = "auth.login_session"

    class Created(Aggregate.Created):
        TOPIC = "auth.login_session_created"

    class Started(Created):
        TOPIC = "auth.session_started"
        PUBLIC = True
        user_id: UUID
        method: str

    class Ended(Aggregate.Event):
        TOPIC = "auth.session_ended"
        PUBLIC = True
        user_id: UUID
        reason: str

    @event(Started)
    def __init__(self, *, id: UUID, tenant_id: UUID, user_id: UUID, method: str, timestamp: datetime) -> None:
        self.user_id = user_id
        self.ended = False

    def end(self, reason: str, now: datetime) -> None:
        if not self.ended:
            self._ended(user_id=self.user_id, reason=reason, timestamp=now)

    @event(Ended)
    def _ended(self, user_id: UUID, reason: str, timestamp: datetime) -> None:
        self.ended = True
