"""A login session: one sign-in of one user on one device, in one school. Its refresh tokens are rows."""

from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event


class LoginSession(Aggregate):
    """`method`: how it began: "password", "password otp", "switched". Rotations and uses are rows, never events."""

    TOPIC = "auth.login_session"

    class Created(Aggregate.Created):
        TOPIC = "auth.login_session_created"

    class Started(Created):
        TOPIC = "auth.session_started"
        PUBLIC = True
        user_id: UUID
        method: str

    class SteppedUp(Aggregate.Event):
        TOPIC = "auth.stepped_up"
        user_id: UUID
        method: str

    class ReuseDetected(Aggregate.Event):
        TOPIC = "auth.refresh_token_reuse_detected"
        PUBLIC = True
        user_id: UUID

    class Ended(Aggregate.Event):
        TOPIC = "auth.session_ended"
        PUBLIC = True
        user_id: UUID
        reason: str

    @event(Started)
    def __init__(self, *, id: UUID, tenant_id: UUID, user_id: UUID, method: str, timestamp: datetime) -> None:
        self.user_id = user_id
        self.ended = False

    def step_up(self, method: str, now: datetime) -> None:
        if not self.ended:
            self._stepped_up(user_id=self.user_id, method=method, timestamp=now)

    @event(SteppedUp)
    def _stepped_up(self, user_id: UUID, method: str, timestamp: datetime) -> None:
        pass

    def detect_reuse(self, now: datetime) -> None:
        """A refresh token came twice: thief or owner, nobody can tell. The sign-in is over for both."""
        if not self.ended:
            self._reuse_detected(user_id=self.user_id, timestamp=now)
            self.end("token-reuse", now)

    @event(ReuseDetected)
    def _reuse_detected(self, user_id: UUID, timestamp: datetime) -> None:
        pass

    def end(self, reason: str, now: datetime) -> None:
        if not self.ended:
            self._ended(user_id=self.user_id, reason=reason, timestamp=now)

    @event(Ended)
    def _ended(self, user_id: UUID, reason: str, timestamp: datetime) -> None:
        self.ended = True
