"""Signing in: the password first, then the school, then the second factor where there is one, then a session."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from auth.credential_checks.tries import SignInLocked
from auth.external_sign_in.policy import ExternalSignInNeeded, check_own_credential
from auth.login_sessions.commands import detect_reuse, end_sessions, start_session
from auth.login_sessions.pending import PendingSignIns, SignInExpired
from auth.login_sessions.refresh_tokens import (
    ABSOLUTE,
    ABSOLUTE_OF_STAFF,
    Family,
    RefreshRefused,
    RefreshTokens,
    TokenReused,
)
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials, From
from auth.second_factors.checks import Proof, SecondFactors
from auth.signing_keys.access_tokens import Grant
from auth.users.user import User
from shared.calls import Call, Saved
from shared.errors import NotFound, Refused
from shared.identity import FEDERATED
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore

MOST_SIGN_INS = 10
FAMILY_ROLES = frozenset({"guardian", "student"})


class SignInRefused(Refused):
    """E-mail address or password is wrong."""

    status = 401


class TenantChoiceNeeded(Refused):
    """This account belongs to several schools: name one of them as tenant_id."""


@dataclass(frozen=True)
class Client:
    """The software that signs in: what it calls itself, where it is, and the device token it got before."""

    agent: str
    network: str
    device: str | None = None

    @property
    def binding(self) -> bytes:
        return sha256(self.agent.encode("utf-8", "surrogatepass")).digest()


class Proved(NamedTuple):
    """What was proved (RFC 8176), and when. `life`: as long what it opens may last at most."""

    amr: tuple[str, ...]
    at: datetime
    life: timedelta | None = None


@dataclass(frozen=True)
class Opened:
    """A sign-in that is complete. `device` is to be sent with the next one; `saved` None: it went on."""

    grant: Grant
    refresh_token: str
    device: str
    saved: Saved | None


@dataclass(frozen=True)
class SecondFactorAsked:
    """The first step was right. `pending` opens the second step, within five minutes."""

    pending: str
    methods: tuple[str, ...]


@dataclass(frozen=True)
class SignIns:
    """What signing in works with."""

    keyring: Keyring
    credentials: Credentials
    refresh_tokens: RefreshTokens
    pending: PendingSignIns
    second_factors: SecondFactors

    async def with_password(
        self, store: EventStore, call: Call, email: str, password: str, tenant_id: UUID | None, client: Client
    ) -> Opened | SecondFactorAsked:
        """Reads the log itself, never a view: a school registered a moment ago can be entered."""
        source = From(client.network, client.device)
        fits = await self.credentials.check(email, password, call.now, source)
        if fits is None:
            raise SignInRefused
        user = await store.get(User, fits.user_id, PLATFORM)
        if user.password_id != fits.password_id or not user.may_sign_in:
            raise SignInRefused
        school = chosen(user, tenant_id)
        if user.second_factors:
            own = (await self.credentials.places(email, source))[0]
            token = await self.pending.start(user.id, school, fits.password_id, own, call.now)
            return SecondFactorAsked(token, user.second_factors)
        return await self.open(store, call, user, school, Proved(("pwd",), call.now), client)

    async def with_second_factor(
        self,
        store: EventStore,
        call: Call,
        token: str,
        proof: Proof,
        client: Client,
        concerns: Callable[[UUID], None] = lambda user_id: None,
    ) -> Opened:
        """The second step. Raises SignInExpired, CodeWrong, SignInLocked.

        `concerns` hears whose it is before anything is compared. Who was locked out meanwhile gets in by neither step,
        and a password that was replaced opens nothing."""
        begun = await self.pending.find(token, call.now)
        concerns(begun.user_id)
        user = await store.get(User, begun.user_id, PLATFORM)
        await self.second_factors.prove(store, call, user, proof)
        if await self.credentials.tries.locked(call.now, begun.scope, begun.subject):
            raise SignInLocked
        await self.pending.take(token, call.now)
        user = await store.get(User, begun.user_id, PLATFORM)
        if user.password_id != begun.password_id or begun.school_id not in user.schools or not user.may_sign_in:
            raise SignInExpired
        proved = Proved((*begun.amr, "otp"), call.now, begun.life)
        return await self.open(store, call, user, begun.school_id, proved, client)

    async def open(
        self, store: EventStore, call: Call, user: User, school: UUID, proved: Proved, client: Client
    ) -> Opened:
        """Starts the session: rows first, then its event, so that no sign-in exists that could not be ended. Raises
        SignInRefused, ExternalSignInNeeded."""
        membership = await store.get(Membership, membership_id(school, user.id), school)
        if not membership.active(call.now):
            raise SignInRefused("Your membership of this school is suspended or over.")
        if FEDERATED not in proved.amr:
            await check_own_credential(store, self.keyring, user, membership)
        family = new_family(user.id, membership, proved, client, call.now)
        token = await self.refresh_tokens.start(family, client.network)
        await self._end_oldest(store, call, user.id)
        saved = await start_session(store, call.for_tenant(school), family.family_id, user.id, " ".join(proved.amr))
        grant = Grant(user.id, school, family.family_id, proved.amr, proved.at)
        return Opened(grant, token, self.device_of(user.id, client), saved)

    async def go_on(self, store: EventStore, call: Call, token: str, client: Client) -> Opened:
        """One refresh token for the next, with the roles of now. Raises RefreshRefused, ExternalSignInNeeded."""
        try:
            rotated = await self.refresh_tokens.rotate(token, client.binding)
        except TokenReused as reuse:
            await detect_reuse(store, call.for_tenant(reuse.family.school_id), reuse.family.family_id)
            raise RefreshRefused from None
        family = rotated.family
        user = await store.get(User, family.user_id, PLATFORM)
        membership = await store.get(Membership, membership_id(family.school_id, user.id), family.school_id)
        if not user.may_sign_in or family.school_id not in user.schools or not membership.active(call.now):
            await self.refresh_tokens.end([family.family_id], "no-access")
            raise RefreshRefused
        if FEDERATED not in family.amr:
            try:
                await check_own_credential(store, self.keyring, user, membership)
            except ExternalSignInNeeded:
                await self.refresh_tokens.end([family.family_id], "no-access")
                raise
        grant = Grant(user.id, family.school_id, family.family_id, tuple(family.amr), family.proved_at)
        return Opened(grant, rotated.token, self.device_of(user.id, client), None)

    async def _end_oldest(self, store: EventStore, call: Call, user_id: UUID) -> None:
        families = await self.refresh_tokens.of_user(user_id)
        await end_sessions(store, call, self.refresh_tokens, families[MOST_SIGN_INS:], "too-many")

    def device_of(self, user_id: UUID, client: Client) -> str:
        """The device token that came, if it is this user's; else a new one."""
        handed_out = self.credentials.handed_out
        known = handed_out.ids("device", client.device or "", 2)
        if known is not None and known[0] == user_id and client.device is not None:
            return client.device
        return handed_out.token("device", user_id, uuid7())


def new_family(user_id: UUID, membership: Membership, proved: Proved, client: Client, now: datetime) -> Family:
    life = ABSOLUTE if FAMILY_ROLES.issuperset(membership.roles) else ABSOLUTE_OF_STAFF
    return Family(
        family_id=uuid7(),
        user_id=user_id,
        school_id=membership.tenant_id,
        client=client.binding,
        device=client.agent,
        amr=list(proved.amr),
        proved_at=proved.at,
        started_at=now,
        last_used_at=now,
        absolute_end=now + min(life, proved.life or life),
    )


def chosen(user: User, tenant_id: UUID | None) -> UUID:
    if tenant_id is not None:
        if tenant_id not in user.schools:
            raise NotFound(pointer="/tenant_id")
        return tenant_id
    if len(user.schools) > 1:
        schools = ", ".join(map(str, user.schools))
        raise TenantChoiceNeeded(f"Name one of your schools as tenant_id: {schools}.", pointer="/tenant_id")
    return user.schools[0]
