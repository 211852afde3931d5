"""What a school's administrators do about a member's account: see and end sign-ins of this school, unlock it."""

from uuid import UUID

from auth.login_sessions.commands import end_sessions
from auth.login_sessions.refresh_tokens import Family, RefreshTokens
from auth.memberships.commands import acting
from auth.memberships.membership import Membership, guard_rank
from auth.passwords.credentials import Credentials
from auth.users.commands import email_of
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.ids import PLATFORM
from shared.personal import Keyring
from shared.store import EventStore


async def families_of(refresh_tokens: RefreshTokens, tenant_id: UUID, user_id: UUID) -> list[Family]:
    """The user's sign-ins of this school; those of other schools are none of its business."""
    return [family for family in await refresh_tokens.of_user(user_id) if family.school_id == tenant_id]


async def end_sign_ins_of(
    store: EventStore, call: Call, refresh_tokens: RefreshTokens, user_id: UUID, reason: str
) -> int:
    """All in this school; says how many there were."""
    families = await families_of(refresh_tokens, call.tenant_id, user_id)
    await end_sessions(store, call, refresh_tokens, families, reason)
    return len(families)


async def end_members_sign_ins(
    store: EventStore, call: Call, refresh_tokens: RefreshTokens, membership_id: UUID, session_id: UUID | None
) -> int:
    """One of a member's sign-ins, or all. Raises RoleAboveOwn for a member of a higher role."""
    actor = await acting(store, call)
    membership = await store.get(Membership, membership_id, call.tenant_id)
    guard_rank(membership.roles, actor.roles)
    families = await families_of(refresh_tokens, call.tenant_id, membership.user_id)
    ending = [family for family in families if session_id in (None, family.family_id)]
    if session_id is not None and not ending:
        raise NotFound
    await end_sessions(store, call, refresh_tokens, ending, "ended-by-school")
    return len(ending)


async def unlock_member(
    store: EventStore, call: Call, keyring: Keyring, credentials: Credentials, membership_id: UUID
) -> Saved:
    """The event first: an unlock that nobody could see afterwards would be a gift to those who guess."""
    membership = await store.get(Membership, membership_id, call.tenant_id)
    saved = await note_unlock(store, call.for_tenant(PLATFORM), membership.user_id, call.tenant_id)
    user = await store.get(User, membership.user_id, PLATFORM)
    await credentials.unlock(await email_of(user, keyring))
    return saved


@command
async def note_unlock(store: EventStore, call: Call, user_id: UUID, school_id: UUID) -> Saved:
    return await store.change(User, user_id, lambda user: user.note_unlock(school_id, call.now), call=call)
