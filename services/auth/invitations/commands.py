"""What the inviting side can do with an invitation: invite, resend, revoke."""

from dataclasses import dataclass
from uuid import UUID

from auth.invitations.addresses import Addresses, opened_address
from auth.invitations.invitation import Invitation, InvitationIsOver
from auth.memberships.commands import acting, check_gives
from auth.memberships.membership import Membership, NotForMembers, guard_rank, membership_id
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.ids import uuid7
from shared.personal import Keyring
from shared.store import EventStore, Taken


class AlreadyInvited(Refused):
    """This address has an open invitation: resend or revoke that one."""


class AlreadyMember(Refused):
    """Somebody with this address is a member of the school."""


@dataclass(frozen=True)
class Invitee:
    email: str
    given_name: str | None
    family_name: str | None
    language: str
    roles: tuple[str, ...]
    person_id: UUID | None


@command
async def invite_member(store: EventStore, call: Call, keyring: Keyring, addresses: Addresses, who: Invitee) -> Saved:
    """Nobody invites above the own rank. An address has one open invitation; one whose time is over gives way.

    Raises AlreadyInvited, AlreadyMember, RoleAboveOwn, NotForMembers, NotFound, Forbidden."""
    inviter = await acting(store, call)
    await check_roles(store, call, who.roles, inviter)
    await check_no_member(store, call, addresses, who.email)
    invitation_id = uuid7()
    sealer = await keyring.sealer(call.tenant_id, invitation_id)
    names = {"given_name": who.given_name, "family_name": who.family_name}
    invitation = Invitation(
        id=invitation_id,
        tenant_id=call.tenant_id,
        email=sealer.seal("email", who.email),
        language=who.language,
        roles=who.roles,
        linked_person_id=who.person_id,
        link_id=uuid7(),
        timestamp=call.now,
        **{name: None if value is None else sealer.seal(name, value) for name, value in names.items()},
    )
    claim = addresses.claim(call.tenant_id, who.email, invitation_id)
    await expire_older(store, call, addresses, who.email)
    try:
        return await store.save(invitation, call=call, claims=[claim], keys=sealer.new)
    except Taken:
        raise AlreadyInvited(pointer="/email") from None


@command
async def resend_invitation(
    store: EventStore, call: Call, keyring: Keyring, addresses: Addresses, invitation_id: UUID
) -> Saved:
    """A new link; those before count no more. Raises InvitationIsOver, SentTooRecently, RoleAboveOwn."""
    inviter = await acting(store, call)
    invitation = await store.get(Invitation, invitation_id, call.tenant_id)
    await check_roles(store, call, invitation.roles, inviter)
    email = await opened_address(keyring, invitation)
    claim = addresses.claim(call.tenant_id, email, invitation_id)
    try:
        return await store.change(
            Invitation, invitation_id, lambda it: it.resend(uuid7(), call.now), call=call, claims=[claim]
        )
    except Taken:
        raise InvitationIsOver from None


@command
async def revoke_invitation(
    store: EventStore, call: Call, keyring: Keyring, addresses: Addresses, invitation_id: UUID
) -> Saved:
    """Raises InvitationIsOver for one that was accepted, RoleAboveOwn."""
    inviter = await acting(store, call)
    invitation = await store.get(Invitation, invitation_id, call.tenant_id)
    guard_rank(invitation.roles, inviter.roles)
    email = await opened_address(keyring, invitation)
    claim = addresses.claim(call.tenant_id, email, invitation_id)
    return await store.change(Invitation, invitation_id, lambda it: it.revoke(call.now), call=call, releases=[claim])


async def check_roles(store: EventStore, call: Call, roles: tuple[str, ...], inviter: Membership) -> None:
    if {"platform_operator", "service_account"}.intersection(roles):
        raise NotForMembers(pointer="/roles")
    guard_rank(roles, inviter.roles)
    for role in roles:
        await check_gives(store, inviter, role)


async def check_no_member(store: EventStore, call: Call, addresses: Addresses, email: str) -> None:
    user_id = await addresses.user_of(email)
    if user_id is None:
        return
    membership = await store.find(Membership, membership_id(call.tenant_id, user_id), call.tenant_id)
    if membership is not None and not membership.ended:
        raise AlreadyMember(pointer="/email")


async def expire_older(store: EventStore, call: Call, addresses: Addresses, email: str) -> None:
    """The invitation that holds this address gives way. Raises AlreadyInvited while it is open."""
    holder = await addresses.holder(call.tenant_id, email)
    if holder is None:
        return
    claim = addresses.claim(call.tenant_id, email, holder)
    try:
        await store.change(
            Invitation, holder, lambda it: it.give_way(call.now), call=call.step("expire"), releases=[claim]
        )
    except InvitationIsOver:
        raise AlreadyInvited(pointer="/email") from None
