"""What was refused in a school on one day: the first tries of everybody one by one, more only as a number."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived
from shared.sealed import Sealed

MOST = 300
EACH = 10
"""Of one person, or of all who are unknown, doing one thing with one answer."""


class Refusal(NamedTuple):
    """`actor_id`: who asked, if a token said so; `user_id`: whose account it was about; `network` is sealed."""

    action: str
    code: str
    at: datetime
    actor_id: str | None
    login: str | None
    user_id: UUID | None
    network: Sealed[str] | None
    on_behalf_of: str | None = None


class RefusedDay(Aggregate):
    """A stream of its own per school and day, so that the hash chain covers it and no flood makes it long. Networks are
    sealed with a key of the day."""

    TOPIC = "auth.refused_day"

    class Created(Aggregate.Created):
        TOPIC = "auth.refused_day_created"

    class RefusalsBegun(Created):
        TOPIC = "auth.refusals_begun"
        day: date

    class ActionRefused(Aggregate.Event):
        TOPIC = "auth.action_refused"
        action: str
        code: str
        at: datetime
        actor_id: str | None
        login: str | None
        user_id: UUID | None
        network: Sealed[str] | None
        on_behalf_of: str | None = None

    class RefusalsCounted(Aggregate.Event):
        """As many more than those told one by one."""

        TOPIC = "auth.refusals_counted"
        count: int

    @event(RefusalsBegun)
    def __init__(self, *, id: UUID, tenant_id: UUID, day: date, timestamp: datetime) -> None:
        self.told = 0
        self._tries: dict[tuple[object, ...], int] = {}

    def note(self, refusal: Refusal, now: datetime) -> bool:
        """False: there were enough of these today, it is only to be counted."""
        who = (refusal.actor_id or refusal.user_id, refusal.action, refusal.code)
        if self.told >= MOST or self._tries.get(who, 0) >= EACH:
            return False
        self._action_refused(timestamp=now, **refusal._asdict())
        return True

    @event(ActionRefused)
    def _action_refused(
        self,
        action: str,
        code: str,
        at: datetime,
        actor_id: str | None,
        login: str | None,
        user_id: UUID | None,
        network: Sealed[str] | None,
        timestamp: datetime,
        on_behalf_of: str | None = None,
    ) -> None:
        self.told += 1
        who = (actor_id or user_id, action, code)
        self._tries[who] = self._tries.get(who, 0) + 1

    def count(self, more: int, now: datetime) -> None:
        self._refusals_counted(count=more, timestamp=now)

    @event(RefusalsCounted)
    def _refusals_counted(self, count: int, timestamp: datetime) -> None:
        pass


def refused_day_id(tenant_id: UUID, day: date) -> UUID:
    return derived(tenant_id, "refused-day", day.isoformat())
