"""From an identity of a provider to a member of its school: known, linked by a verified address, or new.

Whatever comes of it opens this school alone."""

from dataclasses import dataclass
from uuid import UUID

from auth.external_sign_in.id_tokens import Vouched
from auth.external_sign_in.identities import Identities
from auth.external_sign_in.refusals import AddressNotTrusted, IdentityDiffers, NameMissing, NoRoleGiven, NotMember
from auth.identity_providers.identity_provider import IdentityProvider
from auth.memberships.membership import Membership, membership_id
from auth.passwords.credentials import Credentials
from auth.tenants.tenant import Tenant, TenantIsSuspended
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM, uuid7
from shared.personal import Keyring
from shared.store import EventStore, Taken


@dataclass(frozen=True)
class Joining:
    """What it works with."""

    keyring: Keyring
    credentials: Credentials
    identities: Identities

    async def member(self, store: EventStore, call: Call, provider: IdentityProvider, who: Vouched) -> User:
        """Raises AddressNotTrusted, NotMember, IdentityDiffers, NoRoleGiven, NameMissing, TenantIsSuspended."""
        call = call.for_tenant(provider.tenant_id)
        user_id = await self.identities.user_of(provider, who.subject)
        if user_id is None:
            user_id = await self._by_address(store, call, provider, who)
        if provider.settings.roles_follow_groups:
            await follow_groups(store, call.step("roles"), provider, user_id, who)
        return await store.get(User, user_id, PLATFORM)

    async def _by_address(self, store: EventStore, call: Call, provider: IdentityProvider, who: Vouched) -> UUID:
        if who.email is None or not provider.settings.trusted_for(who.email):
            raise AddressNotTrusted
        user_id = await self.credentials.user_of(who.email)
        if user_id is not None:
            await link_identity(store, call.step("link"), self, provider, user_id, who)
            return user_id
        if not provider.settings.creates_members:
            raise NotMember
        try:
            saved = await create_member(store, call.step("member"), self, provider, who)
        except Taken:
            return await self._made_meanwhile(provider, who)
        return UUID(saved.reply["user"])

    async def _made_meanwhile(self, provider: IdentityProvider, who: Vouched) -> UUID:
        """By another first sign-in of the same identity; a new account of somebody else is none of its business."""
        user_id = await self.identities.user_of(provider, who.subject)
        if user_id is None:
            raise NotMember
        return user_id


@command
async def link_identity(
    store: EventStore, call: Call, joining: Joining, provider: IdentityProvider, user_id: UUID, who: Vouched
) -> Saved:
    """Only for somebody who is a member here already: nobody is drawn into a school by its provider."""
    async with store.turn(call, membership_id(provider.tenant_id, user_id)):
        user = await store.get(User, user_id, PLATFORM)
        membership = await store.find(Membership, membership_id(provider.tenant_id, user_id), provider.tenant_id)
        if membership is None or not membership.active(call.now) or not user.may_sign_in:
            raise NotMember
        if provider.id in membership.providers and await joining.identities.user_of(provider, who.subject) != user_id:
            raise IdentityDiffers
        membership.link(provider.id, call.now)
        claim = joining.identities.claim(provider, who.subject, user_id)
        return await store.save(membership, call=call, claims=(claim,))


@command
async def create_member(
    store: EventStore, call: Call, joining: Joining, provider: IdentityProvider, who: Vouched
) -> Saved:
    """User, membership and identity in one append; there is no password. `reply` names the user. Raises Taken."""
    roles = provider.settings.roles_of(who.groups)
    if not roles:
        raise NoRoleGiven
    if who.email is None or who.given_name is None or who.family_name is None:
        raise NameMissing
    tenant = await store.get(Tenant, provider.tenant_id, provider.tenant_id)
    if tenant.suspended:
        raise TenantIsSuspended
    user_id = uuid7()
    sealer = await joining.keyring.sealer(PLATFORM, user_id)
    user = User(
        id=user_id,
        tenant_id=PLATFORM,
        email=sealer.seal("email", who.email),
        given_name=sealer.seal("given_name", who.given_name),
        family_name=sealer.seal("family_name", who.family_name),
        timestamp=call.now,
    )
    user.choose_language(tenant.settings.language, call.now)
    user.trust_email(call.now)
    user.join(tenant.id, call.now)
    membership = Membership(
        id=membership_id(tenant.id, user_id), tenant_id=tenant.id, user_id=user_id, roles=roles, timestamp=call.now
    )
    membership.link(provider.id, call.now)
    claims = (
        joining.credentials.claim(who.email, user_id),
        joining.identities.claim(provider, who.subject, user_id),
    )
    return await store.save(user, membership, call=call, claims=claims, keys=sealer.new, reply={"user": str(user_id)})


@command
async def follow_groups(
    store: EventStore, call: Call, provider: IdentityProvider, user_id: UUID, who: Vouched
) -> Saved:
    """The roles that groups decide about come and go with them, all others stay. Raises NoRoleGiven, and then nothing
    changes."""
    settings = provider.settings

    def decide(membership: Membership) -> None:
        wanted = settings.managed.intersection(settings.roles_of(who.groups))
        if membership.active(call.now) and not membership.follow(settings.managed, wanted, call.now):
            raise NoRoleGiven

    return await store.change(Membership, membership_id(provider.tenant_id, user_id), decide, call=call)
