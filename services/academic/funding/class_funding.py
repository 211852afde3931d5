"""The funding of a class: who pays for it, under which numbers, and what the funder wants to see."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.events import Aggregate, event
from shared.ids import derived


@dataclass(frozen=True)
class Funding:
    """`action_number`, `group_number`: how the funder calls the course and this class. `planned_hours`: as approved.
    `threshold`: the percentage of them that a student must attend. `employer`: who sends the students."""

    funder: str
    action_number: str
    group_number: str
    planned_hours: int
    threshold: int
    employer: str | None = None


class ClassFunding(Aggregate):
    TOPIC = "academic.class_funding"

    class Created(Aggregate.Created):
        TOPIC = "academic.class_funding_created"  # never stored; the library asks for the name

    class Started(Created):
        TOPIC = "academic.class_funding_started"
        class_id: UUID

    class FundingSet(Aggregate.Event):
        """All values, as they are from now on."""

        TOPIC = "academic.funding_set"
        PUBLIC = True
        class_id: UUID
        funder: str
        action_number: str
        group_number: str
        planned_hours: int
        threshold: int
        employer: str | None

    class FundingRemoved(Aggregate.Event):
        TOPIC = "academic.funding_removed"
        PUBLIC = True
        class_id: UUID

    @event(Started)
    def __init__(self, id: UUID, tenant_id: UUID, class_id: UUID, timestamp: datetime) -> None:
        self.class_id = class_id
        self.funding: Funding | None = None

    def set(self, funding: Funding, now: datetime) -> None:
        if funding != self.funding:
            self._funding_set(class_id=self.class_id, timestamp=now, **vars(funding))

    def remove(self, now: datetime) -> None:
        if self.funding is not None:
            self._funding_removed(class_id=self.class_id, timestamp=now)

    @event(FundingSet)
    def _funding_set(
        self,
        class_id: UUID,
        funder: str,
        action_number: str,
        group_number: str,
        planned_hours: int,
        threshold: int,
        employer: str | None,
        timestamp: datetime,
    ) -> None:
        self.funding = Funding(funder, action_number, group_number, planned_hours, threshold, employer)

    @event(FundingRemoved)
    def _funding_removed(self, class_id: UUID, timestamp: datetime) -> None:
        self.funding = None


def funding_id(tenant_id: UUID, class_id: UUID) -> UUID:
    return derived(tenant_id, "class-funding", class_id)
