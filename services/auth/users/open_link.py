"""A mailed link: of each kind the newest counts, once, for some time."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.errors import Refused

VERIFY_WITHIN = timedelta(hours=24)
RESET_WITHIN = timedelta(minutes=30)
ENROL_WITHIN = timedelta(minutes=15)


class LinkSpent(Refused):
    """This link was used, replaced by a newer one, or is too old: ask for another."""


class OpenLink(NamedTuple):
    """The one link of its kind that counts."""

    id: UUID
    asked_at: datetime
    until: datetime

    def asked_before(self, time: datetime) -> bool:
        return self.asked_at <= time

    def check(self, link_id: UUID, now: datetime) -> None:
        if link_id != self.id or now >= self.until:
            raise LinkSpent


NEVER = datetime.min.replace(tzinfo=UTC)
NO_LINK = OpenLink(UUID(int=0), NEVER, NEVER)
