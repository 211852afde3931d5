"""A leaver: somebody who is archived, for how long the school keeps their data, and who handed them over to erasure."""

from datetime import date, datetime
from uuid import UUID

from academic.retention.policy import HOLDS, Hold
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived


class LeaverNotDue(Refused):
    """The school keeps this person's data still: see who is due, and why not."""


class Leaver(Aggregate):
    """Holds ids and days only."""

    TOPIC = "academic.leaver"

    class Created(Aggregate.Created):
        TOPIC = "academic.leaver_created"  # never stored; the library asks for the name

    class Noted(Created):
        TOPIC = "academic.leaver_noted"
        person_id: UUID

    class Kept(Aggregate.Event):
        """Until that day: by the policy, or because somebody said so."""

        TOPIC = "academic.leaver_kept"
        person_id: UUID
        until: date
        why: str

    class BecameDue(Aggregate.Event):
        """Nothing keeps them any more. Nothing is erased by that."""

        TOPIC = "academic.leaver_due"
        person_id: UUID

    class HandedOver(Aggregate.Event):
        """An erasure is to be asked for, in the name of who handed over. Another person has to approve it."""

        TOPIC = "academic.leaver_handed_over"
        PUBLIC = True
        person_id: UUID
        requested_by: UUID

    @event(Noted)
    def __init__(self, *, id: UUID, tenant_id: UUID, person_id: UUID, timestamp: datetime) -> None:
        self.person_id = person_id
        self.kept: tuple[date, str] | None = None
        self.held_until: date | None = None
        self.reviewed_at: datetime | None = None
        self.due = False
        self.handed_over = False

    def review(self, until: date, why: str, since: datetime, now: datetime) -> None:
        """What the policy says today. A hold that somebody set goes before. `since`: an older answer is of another
        policy, or of another time of leaving, and is given anew."""
        today = now.date()
        if self.held_until is not None and today < self.held_until:
            return
        known = self.reviewed_at is not None and self.reviewed_at >= since
        if today >= until:
            if not (known and self.due):
                self._became_due(person_id=self.person_id, timestamp=now)
        elif not (known and self.kept == (until, why)):
            self._kept(person_id=self.person_id, until=until, why=why, timestamp=now)

    def hold(self, until: date, why: Hold, now: datetime) -> None:
        if self.kept != (until, why):
            self._kept(person_id=self.person_id, until=until, why=why, timestamp=now)

    def hand_over(self, by: UUID, now: datetime) -> None:
        if self.handed_over:
            return
        if not self.due:
            raise LeaverNotDue
        self._handed_over(person_id=self.person_id, requested_by=by, timestamp=now)

    @event(Kept)
    def _kept(self, person_id: UUID, until: date, why: str, timestamp: datetime) -> None:
        self.kept = (until, why)
        self.held_until = until if why in HOLDS else None
        self.reviewed_at = timestamp
        self.due = False
        self.handed_over = False

    @event(BecameDue)
    def _became_due(self, person_id: UUID, timestamp: datetime) -> None:
        self.reviewed_at = timestamp
        self.due = True

    @event(HandedOver)
    def _handed_over(self, person_id: UUID, requested_by: UUID, timestamp: datetime) -> None:
        self.handed_over = True


def leaver_id(tenant_id: UUID, person_id: UUID) -> UUID:
    return derived(tenant_id, "leaver", person_id)
