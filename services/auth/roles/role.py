"""A role that a school defined: a set of permissions, each with its reach."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from shared.errors import Forbidden, Refused
from shared.events import Aggregate, event


class RoleIsRetired(Refused):
    """This role is retired."""


class RoleNameTaken(Refused):
    """The school has a role of this name."""


class PermissionAboveOwn(Forbidden):
    """Nobody gives a role more than the own roles allow."""


@dataclass(frozen=True)
class Granted:
    """`reach`: tenant, orgs, classes or family, as in the matrix."""

    permission: str
    reach: str


class Role(Aggregate):
    """Its holders' tokens name its version: `version` tells older ones from newer ones."""

    TOPIC = "auth.role"

    class Created(Aggregate.Created):
        TOPIC = "auth.role_created"  # never stored; the library asks for the name

    class Defined(Created):
        TOPIC = "auth.role_defined"
        PUBLIC = True
        name: str
        permissions: tuple[Granted, ...]

    class PermissionsChanged(Aggregate.Event):
        TOPIC = "auth.role_permissions_changed"
        PUBLIC = True
        permissions: tuple[Granted, ...]

    class Retired(Aggregate.Event):
        TOPIC = "auth.role_retired"
        PUBLIC = True

    @event(Defined)
    def __init__(
        self, *, id: UUID, tenant_id: UUID, name: str, permissions: tuple[Granted, ...], timestamp: datetime
    ) -> None:
        self.name = name
        self.permissions = permissions
        self.retired = False

    def change_permissions(self, permissions: tuple[Granted, ...], now: datetime) -> None:
        """All of them at once."""
        if self.retired:
            raise RoleIsRetired
        if set(permissions) != set(self.permissions):
            self._permissions_changed(permissions=permissions, timestamp=now)

    @event(PermissionsChanged)
    def _permissions_changed(self, permissions: tuple[Granted, ...], timestamp: datetime) -> None:
        self.permissions = permissions

    def retire(self, now: datetime) -> None:
        """Whoever holds it keeps nothing of it."""
        if not self.retired:
            self._retired(timestamp=now)

    @event(Retired)
    def _retired(self, timestamp: datetime) -> None:
        self.retired = True
