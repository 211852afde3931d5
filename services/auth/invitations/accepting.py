"""Accepting an invitation: user, membership and invitation change in one append, or nothing does."""

from dataclasses import dataclass
from uuid import UUID

from auth.invitations.addresses import Addresses, opened_address
from auth.invitations.commands import AlreadyMember
from auth.invitations.invitation import Invitation
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials, From
from auth.tenants.tenant import Tenant, TenantIsSuspended
from auth.users.open_link import LinkSpent
from auth.users.user import PasswordWrong, User
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import DomainError, Refused
from shared.ids import PLATFORM, uuid7
from shared.members import PersonalKey
from shared.personal import Keyring
from shared.store import Conflict, EventStore, Taken


class AccountKnown(Refused):
    """This address has an account: accept with its password."""


class AccountNeeded(Refused):
    """This address has no account: accept with a name and a new password."""


@dataclass(frozen=True)
class NewAccount:
    given_name: str
    family_name: str
    password: str
    language: str


@dataclass(frozen=True)
class Acceptance:
    """`account` for somebody new, else the `password` of the account that the address has."""

    token: str
    account: NewAccount | None
    password: str | None


@dataclass(frozen=True)
class Accepting:
    """What accepting works with."""

    keyring: Keyring
    credentials: Credentials
    addresses: Addresses


@dataclass(frozen=True)
class Opened:
    """An invitation whose link was followed in time, and the school that it leads to."""

    invitation: Invitation
    link_id: UUID
    email: str
    tenant: Tenant

    def membership(self, user: User, before: Membership | None, call: Call) -> Membership:
        if before is None:
            membership = Membership(
                id=membership_id(self.tenant.id, user.id),
                tenant_id=self.tenant.id,
                user_id=user.id,
                roles=self.invitation.roles,
                timestamp=call.now,
            )
        else:
            membership = before
            membership.restart(self.invitation.roles, call.now)
        user.join(self.tenant.id, call.now)
        user.trust_email(call.now)
        if "owner" in self.invitation.roles:
            self.tenant.add_owner(user.id, call.now)
        self.invitation.accept(self.link_id, user.id, membership.id, call.now)
        return membership


@command
async def accept_invitation(
    store: EventStore, call: Call, desk: Accepting, acceptance: Acceptance, source: From
) -> Saved:
    """The mailed link shows whose address it is. Whoever has an account proves it with its password as well; somebody
    new chooses names and a password.

    Raises LinkSpent, AccountKnown, AccountNeeded, AlreadyMember, PasswordWrong, SignInLocked, TenantIsSuspended."""
    ids = desk.credentials.handed_out.ids("invitation", acceptance.token, 3)
    if ids is None:
        raise LinkSpent
    async with store.turn(call, ids[1]):
        opened = await followed(store, call, desk, *ids)
        user_id = await desk.credentials.user_of(opened.email)
        if user_id is None:
            return await _with_new_user(store, call, desk, opened, acceptance.account)
        return await _with_known_user(store, call, desk, opened, user_id, acceptance.password, source)


async def followed(
    store: EventStore, call: Call, desk: Accepting, tenant_id: UUID, invitation_id: UUID, link_id: UUID
) -> Opened:
    """Raises LinkSpent, TenantIsSuspended."""
    invitation = await store.find(Invitation, invitation_id, tenant_id)
    if invitation is None:
        raise LinkSpent
    invitation.check(link_id, call.now)
    tenant = await store.get(Tenant, tenant_id, tenant_id)
    if tenant.suspended:
        raise TenantIsSuspended
    return Opened(invitation, link_id, await opened_address(desk.keyring, invitation), tenant)


async def _with_new_user(
    store: EventStore, call: Call, desk: Accepting, opened: Opened, account: NewAccount | None
) -> Saved:
    if account is None:
        raise AccountNeeded
    about = (opened.email, account.given_name, account.family_name, opened.tenant.name)
    desk.credentials.policy.check(account.password, about=about, pointer="/account/password")
    user_id = uuid7()
    sealer = await desk.keyring.sealer(PLATFORM, user_id)
    user = User(
        id=user_id,
        tenant_id=PLATFORM,
        email=sealer.seal("email", opened.email),
        given_name=sealer.seal("given_name", account.given_name),
        family_name=sealer.seal("family_name", account.family_name),
        timestamp=call.now,
    )
    user.choose_language(account.language, call.now)
    await desk.credentials.keep(user_id, user_id, account.password)
    try:
        saved = await _save(
            store, call, desk, opened, user, None, [desk.credentials.claim(opened.email, user_id)], sealer.new
        )
    except Taken:
        await desk.credentials.forget(user_id)
        raise AccountKnown from None
    except (Conflict, DomainError):
        await desk.credentials.forget(user_id)
        raise
    if user_id not in saved.ids:
        await desk.credentials.forget(user_id)
    return saved


async def _with_known_user(
    store: EventStore,
    call: Call,
    desk: Accepting,
    opened: Opened,
    user_id: UUID,
    password: str | None,
    source: From,
) -> Saved:
    if password is None:
        raise AccountKnown
    fits = await desk.credentials.check(opened.email, password, call.now, source)
    user = await store.get(User, user_id, PLATFORM)
    if fits is None or fits.password_id != user.password_id:
        raise PasswordWrong
    school = opened.tenant.id
    before = await store.find(Membership, membership_id(school, user_id), school)
    if before is not None and not before.ended:
        raise AlreadyMember
    return await _save(store, call, desk, opened, user, before, [], ())


async def _save(
    store: EventStore,
    call: Call,
    desk: Accepting,
    opened: Opened,
    user: User,
    before: Membership | None,
    claims: list[Claim],
    keys: tuple[PersonalKey, ...],
) -> Saved:
    membership = opened.membership(user, before, call)
    held = desk.addresses.claim(opened.tenant.id, opened.email, opened.invitation.id)
    return await store.save(
        membership,
        user,
        opened.invitation,
        opened.tenant,
        call=call,
        claims=claims,
        releases=[held],
        keys=keys,
        reply={"school": str(opened.tenant.id)},
    )
