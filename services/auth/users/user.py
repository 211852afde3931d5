"""A user: an identity that can sign in, the same one in every school it belongs to."""

from datetime import datetime, timedelta
from uuid import UUID

from auth.second_factors.refusals import EnrolmentExpired, LastSecondFactor, TotpEnabledAlready
from auth.users.open_link import ENROL_WITHIN, NO_LINK, RESET_WITHIN, VERIFY_WITHIN, OpenLink
from shared.errors import NotFound, Refused
from shared.events import Aggregate, event
from shared.sealed import Sealed


class PasswordWrong(Refused):
    """The password is wrong."""

    status = 403


class User(Aggregate):
    """Names and e-mail are sealed with the user's key; passwords, codes and links are never in an event."""

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

    class SchoolLeft(Aggregate.Event):
        TOPIC = "auth.school_left"
        school_id: UUID

    class PersonalDataErased(Aggregate.Event):
        """The marker has taken the place of the key: nobody can sign in as this user again."""

        TOPIC = "auth.personal_data_erased"

    class Unlocked(Aggregate.Event):
        """By an administrator of the school."""

        TOPIC = "auth.user_unlocked"
        school_id: UUID

    class LanguageChosen(Aggregate.Event):
        TOPIC = "auth.language_chosen"
        language: str

    class RegistrationAttempted(Aggregate.Event):
        TOPIC = "auth.registration_attempted"

    class EmailVerificationRequested(Aggregate.Event):
        TOPIC = "auth.email_verification_requested"
        link_id: UUID

    class EmailVerified(Aggregate.Event):
        TOPIC = "auth.email_verified"

    class PasswordChanged(Aggregate.Event):
        TOPIC = "auth.password_changed"
        password_id: UUID

    class PasswordResetRequested(Aggregate.Event):
        TOPIC = "auth.password_reset_requested"
        link_id: UUID

    class PasswordReset(Aggregate.Event):
        TOPIC = "auth.password_reset"
        password_id: UUID

    class TotpEnrolmentStarted(Aggregate.Event):
        TOPIC = "auth.totp_enrolment_started"
        factor_id: UUID

    class TotpEnabled(Aggregate.Event):
        TOPIC = "auth.totp_enabled"
        factor_id: UUID

    class TotpDisabled(Aggregate.Event):
        TOPIC = "auth.totp_disabled"

    class PasskeyRegistered(Aggregate.Event):
        TOPIC = "auth.passkey_registered"
        passkey_id: UUID
        method: str

    class PasskeyRemoved(Aggregate.Event):
        TOPIC = "auth.passkey_removed"
        passkey_id: UUID

    class RecoveryCodesGenerated(Aggregate.Event):
        TOPIC = "auth.recovery_codes_generated"
        set_id: UUID

    class RecoveryCodeUsed(Aggregate.Event):
        TOPIC = "auth.recovery_code_used"

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
        self.language = "en"
        self.verified = False
        self.erased = False
        self.attempted_at: datetime | None = None
        self.password_id = id
        self.verification = NO_LINK
        self.reset = NO_LINK
        self.enrolling = NO_LINK
        self.totp_id: UUID | None = None
        self.passkeys: dict[UUID, str] = {}
        self.recovery_set: UUID | None = None

    @property
    def may_sign_in(self) -> bool:
        return self.verified and not self.erased and bool(self.schools)

    @property
    def second_factors(self) -> tuple[str, ...]:
        """What is asked after the password, as RFC 8176 names it."""
        return (*(() if self.totp_id is None else ("otp",)), *sorted(set(self.passkeys.values())))

    def join(self, school_id: UUID, now: datetime) -> None:
        """Sign-in reads the schools here, so that a school registered a moment ago can be entered at once."""
        if school_id not in self.schools:
            self._school_joined(school_id=school_id, timestamp=now)

    @event(SchoolJoined)
    def _school_joined(self, school_id: UUID, timestamp: datetime) -> None:
        self.schools = (*self.schools, school_id)

    def erase(self, now: datetime) -> None:
        if not self.erased:
            self._personal_data_erased(timestamp=now)

    @event(PersonalDataErased)
    def _personal_data_erased(self, timestamp: datetime) -> None:
        self.erased = True

    def leave(self, school_id: UUID, now: datetime) -> None:
        if school_id in self.schools:
            self._school_left(school_id=school_id, timestamp=now)

    @event(SchoolLeft)
    def _school_left(self, school_id: UUID, timestamp: datetime) -> None:
        self.schools = tuple(each for each in self.schools if each != school_id)

    def note_unlock(self, school_id: UUID, now: datetime) -> None:
        """Tries are counted in rows; that somebody cleared them is a fact."""
        self._unlocked(school_id=school_id, timestamp=now)

    @event(Unlocked)
    def _unlocked(self, school_id: UUID, timestamp: datetime) -> None:
        pass

    def choose_language(self, language: str, now: datetime) -> None:
        if language != self.language:
            self._language_chosen(language=language, timestamp=now)

    @event(LanguageChosen)
    def _language_chosen(self, language: str, timestamp: datetime) -> None:
        self.language = language

    def note_registration(self, now: datetime) -> None:
        """Somebody registered with this address and not with its password. The owner hears of it once a day."""
        if self.attempted_at is None or now - self.attempted_at > timedelta(days=1):
            self._registration_attempted(timestamp=now)

    @event(RegistrationAttempted)
    def _registration_attempted(self, timestamp: datetime) -> None:
        self.attempted_at = timestamp

    def request_verification(self, link_id: UUID, now: datetime) -> None:
        """A new link ends the one before. Nothing happens where the address is verified."""
        if not self.verified:
            self._email_verification_requested(link_id=link_id, timestamp=now)

    @event(EmailVerificationRequested)
    def _email_verification_requested(self, link_id: UUID, timestamp: datetime) -> None:
        self.verification = OpenLink(link_id, timestamp, timestamp + VERIFY_WITHIN)

    def verify_email(self, link_id: UUID, now: datetime) -> None:
        self.verification.check(link_id, now)
        self._email_verified(timestamp=now)

    def trust_email(self, now: datetime) -> None:
        """Whoever follows a link that was mailed to the address has shown that it is theirs."""
        if not self.verified:
            self._email_verified(timestamp=now)

    @event(EmailVerified)
    def _email_verified(self, timestamp: datetime) -> None:
        self.verified = True
        self.verification = NO_LINK

    def change_password(self, password_id: UUID, now: datetime) -> None:
        self._password_changed(password_id=password_id, timestamp=now)

    @event(PasswordChanged)
    def _password_changed(self, password_id: UUID, timestamp: datetime) -> None:
        self.password_id = password_id
        self.reset = NO_LINK

    def request_reset(self, link_id: UUID, now: datetime) -> None:
        """A new link ends the one before."""
        self._password_reset_requested(link_id=link_id, timestamp=now)

    @event(PasswordResetRequested)
    def _password_reset_requested(self, link_id: UUID, timestamp: datetime) -> None:
        self.reset = OpenLink(link_id, timestamp, timestamp + RESET_WITHIN)

    def reset_password(self, link_id: UUID, password_id: UUID, now: datetime) -> None:
        """The mailed link also shows that the address is the user's."""
        self.reset.check(link_id, now)
        self._password_reset(password_id=password_id, timestamp=now)
        self.trust_email(now)

    @event(PasswordReset)
    def _password_reset(self, password_id: UUID, timestamp: datetime) -> None:
        self.password_id = password_id
        self.reset = NO_LINK

    def start_totp(self, factor_id: UUID, now: datetime) -> None:
        """A new enrolment ends the one before. Nothing is asked for until it is confirmed."""
        if self.totp_id is not None:
            raise TotpEnabledAlready
        self._totp_enrolment_started(factor_id=factor_id, timestamp=now)

    @event(TotpEnrolmentStarted)
    def _totp_enrolment_started(self, factor_id: UUID, timestamp: datetime) -> None:
        self.enrolling = OpenLink(factor_id, timestamp, timestamp + ENROL_WITHIN)

    def confirm_totp(self, factor_id: UUID, set_id: UUID, now: datetime) -> None:
        """`set_id` names recovery codes for somebody who has none."""
        if factor_id != self.enrolling.id or now >= self.enrolling.until:
            raise EnrolmentExpired
        self._totp_enabled(factor_id=factor_id, timestamp=now)
        if self.recovery_set is None:
            self.generate_recovery_codes(set_id, now)

    @event(TotpEnabled)
    def _totp_enabled(self, factor_id: UUID, timestamp: datetime) -> None:
        self.totp_id = factor_id
        self.enrolling = NO_LINK

    def disable_totp(self, now: datetime, *, demanded: bool) -> None:
        """`demanded`: a school of this user wants a second factor."""
        if self.totp_id is None:
            return
        if demanded and self.second_factors == ("otp",):
            raise LastSecondFactor
        self._totp_disabled(timestamp=now)

    @event(TotpDisabled)
    def _totp_disabled(self, timestamp: datetime) -> None:
        self.totp_id = None
        if not self.second_factors:
            self.recovery_set = None

    def register_passkey(self, passkey_id: UUID, method: str, set_id: UUID, now: datetime) -> None:
        """`set_id` names recovery codes for somebody who has none."""
        self._passkey_registered(passkey_id=passkey_id, method=method, timestamp=now)
        if self.recovery_set is None:
            self.generate_recovery_codes(set_id, now)

    @event(PasskeyRegistered)
    def _passkey_registered(self, passkey_id: UUID, method: str, timestamp: datetime) -> None:
        self.passkeys = {**self.passkeys, passkey_id: method}

    def remove_passkey(self, passkey_id: UUID, now: datetime, *, demanded: bool) -> None:
        if passkey_id not in self.passkeys:
            raise NotFound
        if demanded and self.totp_id is None and len(self.passkeys) == 1:
            raise LastSecondFactor
        self._passkey_removed(passkey_id=passkey_id, timestamp=now)

    @event(PasskeyRemoved)
    def _passkey_removed(self, passkey_id: UUID, timestamp: datetime) -> None:
        self.passkeys = {each: method for each, method in self.passkeys.items() if each != passkey_id}
        if not self.second_factors:
            self.recovery_set = None

    def generate_recovery_codes(self, set_id: UUID, now: datetime) -> None:
        """They end those of before."""
        self._recovery_codes_generated(set_id=set_id, timestamp=now)

    @event(RecoveryCodesGenerated)
    def _recovery_codes_generated(self, set_id: UUID, timestamp: datetime) -> None:
        self.recovery_set = set_id

    def use_recovery_code(self, now: datetime) -> None:
        self._recovery_code_used(timestamp=now)

    @event(RecoveryCodeUsed)
    def _recovery_code_used(self, timestamp: datetime) -> None:
        pass
