"""A user: an identity that can sign in, the same one in every school it belongs to."""

from datetime import datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed


class EmailTaken(Refused):
    """This e-mail address has an account: register the school with its password."""


class User(Aggregate):
    """Names and e-mail are sealed with the user's key; the password is never in an event."""

    TOPIC = "auth.user"

    class Created(Aggregate.Created):
        TOPIC = "auth.user_created"

    class Registered(Created):
        TOPIC = "auth.user_registered"
        email: Sealed[str]
        given_name: Sealed[str]
        family_name: Sealed[str]

    class SchoolJoined(Aggregate.Event):
        TOPIC = "auth.school_joined"
        school_id: UUID

    @event(Registered)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        email: Sealed[str],
        given_name: Sealed[str],
        family_name: Sealed[str],
        timestamp: datetime,
    ) -> None:
        self.email = email
        self.given_name = given_name
        self.family_name = family_name
        self.schools: tuple[UUID, ...] = ()

    def join(self, school_id: UUID, now: datetime) -> None:
        """Sign-in reads the schools here, so that a school registered a moment ago can be entered at once."""
        if school_id not in self.schools:
            self._school_joined(school_id=school_id, timestamp=now)

    @event(SchoolJoined)
    def _school_joined(self, school_id: UUID, timestamp: datetime) -> None:
        self.schools = (*self.schools, school_id)
