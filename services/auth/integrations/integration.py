"""An integration: another system that works for a school, its public settings, and that there is a secret for it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event

Kind = Literal["mail-sender", "sis-client"]
Outcome = Literal["ready", "secret-missing"]
Config = dict[str, str | int]


class IntegrationIsOver(Refused):
    """This integration was disconnected: connect a new one."""


class Integration(Aggregate):
    """`secret_id` names the secret that counts. The secret is a row, sealed, never an event."""

    TOPIC = "auth.integration"

    class Created(Aggregate.Created):
        TOPIC = "auth.integration_created"

    class Connected(Created):
        TOPIC = "auth.integration_connected"
        kind: Kind
        title: str
        config: Config
        secret_id: UUID

    class SecretRotated(Aggregate.Event):
        TOPIC = "auth.integration_secret_rotated"
        secret_id: UUID

    class Tested(Aggregate.Event):
        TOPIC = "auth.integration_tested"
        outcome: Outcome

    class Disconnected(Aggregate.Event):
        TOPIC = "auth.integration_disconnected"

    @event(Connected)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        kind: Kind,
        title: str,
        config: Config,
        secret_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.kind = kind
        self.config = config
        self.secret_id = secret_id
        self.over = False

    def rotate_secret(self, secret_id: UUID, now: datetime) -> None:
        self._in_use()
        self._secret_rotated(secret_id=secret_id, timestamp=now)

    @event(SecretRotated)
    def _secret_rotated(self, secret_id: UUID, timestamp: datetime) -> None:
        self.secret_id = secret_id

    def record_test(self, outcome: Outcome, now: datetime) -> None:
        self._in_use()
        self._tested(outcome=outcome, timestamp=now)

    @event(Tested)
    def _tested(self, outcome: Outcome, timestamp: datetime) -> None:
        pass

    def disconnect(self, now: datetime) -> None:
        if not self.over:
            self._disconnected(timestamp=now)

    @event(Disconnected)
    def _disconnected(self, timestamp: datetime) -> None:
        self.over = True

    def _in_use(self) -> None:
        if self.over:
            raise IntegrationIsOver
