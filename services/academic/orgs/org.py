"""An org: a node of the school's own tree (school, branch, department)."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.ids import derived

OrgType = Literal["department", "school", "district", "local", "state", "national"]


class OrgInsideItself(Refused):
    """An org cannot lie below itself."""


class OrgIsRetired(Refused):
    """This org is retired."""


class RootOrgStays(Refused):
    """The root of the tree can neither be moved nor retired."""


@dataclass(frozen=True)
class OrgDetails:
    type: str
    name: str
    parent_id: UUID | None
    identifier: str | None = None


def root_org_id(tenant_id: UUID) -> UUID:
    return derived(tenant_id, "root-org")


class Org(Aggregate):
    TOPIC = "academic.org"

    class Created(Aggregate.Created):
        TOPIC = "academic.org_started"  # never stored; the library asks for the name

    class OrgCreated(Created):
        TOPIC = "academic.org_created"
        PUBLIC = True
        type: str
        name: str
        parent_id: UUID | None
        identifier: str | None
        source_id: str | None
        zone: str | None = None

    class Renamed(Aggregate.Event):
        TOPIC = "academic.org_renamed"
        PUBLIC = True
        name: str

    class Moved(Aggregate.Event):
        TOPIC = "academic.org_moved"
        PUBLIC = True
        parent_id: UUID | None

    class Revised(Aggregate.Event):
        """More than the name or the place was changed in one go."""

        TOPIC = "academic.org_revised"
        PUBLIC = True
        type: str
        name: str
        parent_id: UUID | None
        identifier: str | None

    class Retired(Aggregate.Event):
        TOPIC = "academic.org_retired"
        PUBLIC = True

    class Restored(Aggregate.Event):
        TOPIC = "academic.org_restored"
        PUBLIC = True

    @classmethod
    def create(
        cls,
        id: UUID,
        tenant_id: UUID,
        details: OrgDetails,
        source_id: str | None,
        now: datetime,
        zone: str | None = None,
    ) -> "Org":
        return cls(id=id, tenant_id=tenant_id, source_id=source_id, zone=zone, timestamp=now, **vars(details))

    @event(OrgCreated)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        type: str,
        name: str,
        parent_id: UUID | None,
        identifier: str | None,
        source_id: str | None,
        timestamp: datetime,
        zone: str | None = None,
    ) -> None:
        self.details = OrgDetails(type, name, parent_id, identifier)
        self.source_id = source_id
        self.zone = zone
        self.retired = False

    def rename(self, name: str, now: datetime) -> None:
        self.revise(replace(self.details, name=name), now)

    def move(self, parent_id: UUID, now: datetime, above: Collection[UUID]) -> None:
        self.revise(replace(self.details, parent_id=parent_id), now, above)

    def revise(self, details: OrgDetails, now: datetime, above: Collection[UUID] = ()) -> None:
        """All values at once; `above` are the orgs over the new parent."""
        old = self.details
        if details == old:
            return
        self._in_use()
        if details.parent_id != old.parent_id:
            self._can_lie_below(details.parent_id, above)
        if details == replace(old, name=details.name):
            self._renamed(name=details.name, timestamp=now)
        elif details == replace(old, parent_id=details.parent_id):
            self._moved(parent_id=details.parent_id, timestamp=now)
        else:
            self._revised(timestamp=now, **vars(details))

    def retire(self, now: datetime) -> None:
        if self.retired:
            return
        self._not_root()
        self._retired(timestamp=now)

    def restore(self, now: datetime) -> None:
        if self.retired:
            self._restored(timestamp=now)

    @event(Renamed)
    def _renamed(self, name: str, timestamp: datetime) -> None:
        self.details = replace(self.details, name=name)

    @event(Moved)
    def _moved(self, parent_id: UUID | None, timestamp: datetime) -> None:
        self.details = replace(self.details, parent_id=parent_id)

    @event(Revised)
    def _revised(
        self, type: str, name: str, parent_id: UUID | None, identifier: str | None, timestamp: datetime
    ) -> None:
        self.details = OrgDetails(type, name, parent_id, identifier)

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True

    @event(Restored)
    def _restored(self, timestamp: datetime) -> None:
        self.retired = False

    def _in_use(self) -> None:
        if self.retired:
            raise OrgIsRetired

    def _not_root(self) -> None:
        if self.id == root_org_id(self.tenant_id):
            raise RootOrgStays

    def _can_lie_below(self, parent_id: UUID | None, above: Collection[UUID]) -> None:
        self._not_root()
        if parent_id == self.id or self.id in above:
            raise OrgInsideItself(pointer="/parent_id")
