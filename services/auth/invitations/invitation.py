"""An invitation: somebody is asked by mail to become a member of a school."""

from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from auth.users.open_link import LinkSpent, OpenLink
from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed

GOOD_FOR = timedelta(days=7)
RESENT_AFTER = timedelta(minutes=1)

State = Literal["open", "accepted", "revoked", "expired"]


class InvitationIsOver(Refused):
    """This invitation was accepted or revoked, or another one took its place."""


class SentTooRecently(Refused):
    """The last mail of this invitation is younger than a minute."""


class Invitation(Aggregate):
    """Address and names are sealed with a key of its own: there may be no user yet. `linked_person_id` is whom the
    account is to be linked to in the school's records."""

    TOPIC = "auth.invitation"

    class Created(Aggregate.Created):
        TOPIC = "auth.invitation_created"  # never stored; the library asks for the name

    class MemberInvited(Created):
        TOPIC = "auth.member_invited"
        email: Sealed[str]
        given_name: Sealed[str] | None
        family_name: Sealed[str] | None
        language: str
        roles: tuple[str, ...]
        linked_person_id: UUID | None
        link_id: UUID

    class Resent(Aggregate.Event):
        TOPIC = "auth.invitation_resent"
        link_id: UUID

    class Revoked(Aggregate.Event):
        TOPIC = "auth.invitation_revoked"

    class Expired(Aggregate.Event):
        TOPIC = "auth.invitation_expired"

    class Accepted(Aggregate.Event):
        """Others match the account with what they know by the person, else by the address, which is verified."""

        TOPIC = "auth.invitation_accepted"
        PUBLIC = True
        user_id: UUID
        membership_id: UUID
        linked_person_id: UUID | None
        roles: tuple[str, ...]
        email: Sealed[str]

    @event(MemberInvited)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        email: Sealed[str],
        given_name: Sealed[str] | None,
        family_name: Sealed[str] | None,
        language: str,
        roles: tuple[str, ...],
        linked_person_id: UUID | None,
        link_id: UUID,
        timestamp: datetime,
    ) -> None:
        self.email = email
        self.given_name = given_name
        self.family_name = family_name
        self.language = language
        self.roles = roles
        self.linked_person_id = linked_person_id
        self.state: State = "open"
        self.link = OpenLink(link_id, timestamp, timestamp + GOOD_FOR)

    def is_open(self, now: datetime) -> bool:
        """Time alone ends it: that it expired is recorded some minutes later, or when another one takes its place."""
        return self.state == "open" and now < self.link.until

    def resend(self, link_id: UUID, now: datetime) -> None:
        """Another seven days, also where the first were over. The links before count no more."""
        if self.state in ("accepted", "revoked"):
            raise InvitationIsOver
        if not self.link.asked_before(now - RESENT_AFTER):
            raise SentTooRecently
        self._resent(link_id=link_id, timestamp=now)

    @event(Resent)
    def _resent(self, link_id: UUID, timestamp: datetime) -> None:
        self.state = "open"
        self.link = OpenLink(link_id, timestamp, timestamp + GOOD_FOR)

    def revoke(self, now: datetime) -> None:
        if self.state == "accepted":
            raise InvitationIsOver
        if self.state != "revoked":
            self._revoked(timestamp=now)

    @event(Revoked)
    def _revoked(self, timestamp: datetime) -> None:
        self.state = "revoked"

    def give_way(self, now: datetime) -> None:
        """To another invitation of the same address. Raises InvitationIsOver while this one is open."""
        if self.is_open(now):
            raise InvitationIsOver
        if self.state == "open":
            self._expired(timestamp=now)

    @event(Expired)
    def _expired(self, timestamp: datetime) -> None:
        self.state = "expired"

    def check(self, link_id: UUID, now: datetime) -> None:
        if self.state != "open":
            raise LinkSpent
        self.link.check(link_id, now)

    def accept(self, link_id: UUID, user_id: UUID, membership_id: UUID, now: datetime) -> None:
        self.check(link_id, now)
        self._accepted(
            user_id=user_id,
            membership_id=membership_id,
            linked_person_id=self.linked_person_id,
            roles=self.roles,
            email=self.email,
            timestamp=now,
        )

    @event(Accepted)
    def _accepted(
        self,
        user_id: UUID,
        membership_id: UUID,
        linked_person_id: UUID | None,
        roles: tuple[str, ...],
        email: Sealed[str],
        timestamp: datetime,
    ) -> None:
        self.state = "accepted"
