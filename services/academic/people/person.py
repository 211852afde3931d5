"""A person known to the school: student, teacher, guardian, aide or staff. What is personal stays sealed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed

Role = Literal[
    "aide",
    "counselor",
    "districtAdministrator",
    "guardian",
    "parent",
    "principal",
    "proctor",
    "relative",
    "siteAdministrator",
    "staff",
    "student",
    "systemAdministrator",
    "teacher",
]
"""OneRoster's roles, and staff."""
AlertLanguage = Literal["en", "es"]


class PersonIsArchived(Refused):
    """This person is archived."""


class AccountTaken(Refused):
    """The person or the account is linked to another one already."""


class PersonIsErased(Refused):
    """This person's data was erased: nothing brings it back."""


class GuardianOfOneself(Refused):
    """Nobody is one's own guardian."""


@dataclass(frozen=True)
class SealedDetails:
    """What is told of a person; the personal part sealed with the person's key."""

    given_name: Sealed[str]
    family_name: Sealed[str]
    email: Sealed[str] | None = None
    middle_name: Sealed[str] | None = None
    username: Sealed[str] | None = None
    phone: Sealed[str] | None = None
    identifier: Sealed[str] | None = None
    roles: tuple[str, ...] = ()
    org_ids: tuple[UUID, ...] = ()
    grades: tuple[str, ...] = ()


class Person(Aggregate):
    TOPIC = "academic.person"

    class Created(Aggregate.Created):
        TOPIC = "academic.person_created"  # never stored; the library asks for the name

    class Registered(Created):
        TOPIC = "academic.person_registered"
        PUBLIC = True
        given_name: Sealed[str]
        family_name: Sealed[str]
        email: Sealed[str] | None
        roles: tuple[str, ...]
        source_id: str | None
        middle_name: Sealed[str] | None = None
        username: Sealed[str] | None = None
        phone: Sealed[str] | None = None
        identifier: Sealed[str] | None = None
        org_ids: tuple[UUID, ...] = ()
        grades: tuple[str, ...] = ()

    class DetailsCorrected(Aggregate.Event):
        TOPIC = "academic.person_details_corrected"
        PUBLIC = True
        given_name: Sealed[str]
        family_name: Sealed[str]
        email: Sealed[str] | None
        roles: tuple[str, ...]
        middle_name: Sealed[str] | None = None
        username: Sealed[str] | None = None
        phone: Sealed[str] | None = None
        identifier: Sealed[str] | None = None
        org_ids: tuple[UUID, ...] = ()
        grades: tuple[str, ...] = ()

    class Archived(Aggregate.Event):
        TOPIC = "academic.person_archived"
        PUBLIC = True

    class Restored(Aggregate.Event):
        TOPIC = "academic.person_restored"
        PUBLIC = True

    class PersonErased(Aggregate.Event):
        """The marker has taken the place of the key: names and contact data are gone."""

        TOPIC = "academic.person_erased"
        PUBLIC = True

    class GuardianLinked(Aggregate.Event):
        TOPIC = "academic.guardian_linked"
        PUBLIC = True
        guardian_id: UUID

    class GuardianUnlinked(Aggregate.Event):
        TOPIC = "academic.guardian_unlinked"
        PUBLIC = True
        guardian_id: UUID

    class UserAccountLinked(Aggregate.Event):
        TOPIC = "academic.user_account_linked"
        PUBLIC = True
        user_id: UUID

    class AlertsDeclined(Aggregate.Event):
        TOPIC = "academic.alerts_declined"

    class AlertsAccepted(Aggregate.Event):
        TOPIC = "academic.alerts_accepted"
        language: str

    @classmethod
    def register(
        cls, id: UUID, tenant_id: UUID, details: SealedDetails, source_id: str | None, now: datetime
    ) -> "Person":
        return cls(id=id, tenant_id=tenant_id, source_id=source_id, timestamp=now, **vars(details))

    @event(Registered)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        given_name: Sealed[str],
        family_name: Sealed[str],
        email: Sealed[str] | None,
        roles: tuple[str, ...],
        source_id: str | None,
        timestamp: datetime,
        middle_name: Sealed[str] | None = None,
        username: Sealed[str] | None = None,
        phone: Sealed[str] | None = None,
        identifier: Sealed[str] | None = None,
        org_ids: tuple[UUID, ...] = (),
        grades: tuple[str, ...] = (),
    ) -> None:
        self.details = SealedDetails(
            given_name, family_name, email, middle_name, username, phone, identifier, roles, org_ids, grades
        )
        self.source_id = source_id
        self.guardians: tuple[UUID, ...] = ()
        self.archived = False
        self.erased = False
        self.user_id: UUID | None = None
        self.wants_alerts = True
        self.alert_language: str | None = None

    def correct(self, details: SealedDetails, now: datetime) -> None:
        """A value that stays the same comes as the very ciphertext of `details`: sealing anew differs."""
        if details == self.details:
            return
        self._in_use()
        self._details_corrected(timestamp=now, **vars(details))

    def link_guardian(self, guardian_id: UUID, now: datetime) -> None:
        if guardian_id in self.guardians:
            return
        if guardian_id == self.id:
            raise GuardianOfOneself(pointer="/guardian_id")
        self._in_use()
        self._guardian_linked(guardian_id=guardian_id, timestamp=now)

    def unlink_guardian(self, guardian_id: UUID, now: datetime) -> None:
        if guardian_id in self.guardians:
            self._guardian_unlinked(guardian_id=guardian_id, timestamp=now)

    def link_user_account(self, user_id: UUID, now: datetime) -> None:
        """From now on this user is this person. Raises AccountTaken."""
        if user_id == self.user_id:
            return
        if self.user_id is not None:
            raise AccountTaken
        self._in_use()
        self._user_account_linked(user_id=user_id, timestamp=now)

    def erase(self, now: datetime) -> None:
        if not self.erased:
            self._person_erased(timestamp=now)

    @event(PersonErased)
    def _person_erased(self, timestamp: datetime) -> None:
        self.erased = True
        self.archived = True
        self.guardians = ()

    def decline_alerts(self, now: datetime) -> None:
        """No mails about absences; also for whoever is archived."""
        if self.wants_alerts:
            self._alerts_declined(timestamp=now)

    def accept_alerts(self, language: AlertLanguage, now: datetime) -> None:
        if not self.wants_alerts or self.alert_language != language:
            self._in_use()
            self._alerts_accepted(language=language, timestamp=now)

    def archive(self, now: datetime) -> None:
        if not self.archived:
            self._archived(timestamp=now)

    def restore(self, now: datetime) -> None:
        if self.erased:
            raise PersonIsErased
        if self.archived:
            self._restored(timestamp=now)

    @event(DetailsCorrected)
    def _details_corrected(
        self,
        given_name: Sealed[str],
        family_name: Sealed[str],
        email: Sealed[str] | None,
        roles: tuple[str, ...],
        timestamp: datetime,
        middle_name: Sealed[str] | None = None,
        username: Sealed[str] | None = None,
        phone: Sealed[str] | None = None,
        identifier: Sealed[str] | None = None,
        org_ids: tuple[UUID, ...] = (),
        grades: tuple[str, ...] = (),
    ) -> None:
        self.details = SealedDetails(
            given_name, family_name, email, middle_name, username, phone, identifier, roles, org_ids, grades
        )

    @event(GuardianLinked)
    def _guardian_linked(self, guardian_id: UUID, timestamp: datetime) -> None:
        self.guardians = (*self.guardians, guardian_id)

    @event(GuardianUnlinked)
    def _guardian_unlinked(self, guardian_id: UUID, timestamp: datetime) -> None:
        self.guardians = tuple(each for each in self.guardians if each != guardian_id)

    @event(UserAccountLinked)
    def _user_account_linked(self, user_id: UUID, timestamp: datetime) -> None:
        self.user_id = user_id

    @event(AlertsDeclined)
    def _alerts_declined(self, timestamp: datetime) -> None:
        self.wants_alerts = False

    @event(AlertsAccepted)
    def _alerts_accepted(self, language: str, timestamp: datetime) -> None:
        self.wants_alerts = True
        self.alert_language = language

    @event(Archived)
    def _archived(self, timestamp: datetime) -> None:
        self.archived = True

    @event(Restored)
    def _restored(self, timestamp: datetime) -> None:
        self.archived = False

    def _in_use(self) -> None:
        if self.archived:
            raise PersonIsArchived
