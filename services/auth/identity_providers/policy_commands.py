"""What can be done about how members sign in: demand the provider, unlink somebody from it."""

from uuid import UUID

from auth.external_sign_in.identities import Identities
from auth.login_sessions.refresh_tokens import RefreshTokens
from auth.memberships.commands import acting
from auth.memberships.membership import Membership
from auth.memberships.sign_ins import end_sign_ins_of
from auth.tenants.tenant import ExternalOnly, Tenant
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def demand_external_sign_in(store: EventStore, call: Call, only: ExternalOnly) -> Saved:
    return await store.change(
        Tenant, call.tenant_id, lambda tenant: tenant.demand_external_sign_in(only, call.now), call=call
    )


async def unlink_identities(
    store: EventStore, call: Call, identities: Identities, refresh_tokens: RefreshTokens, membership_id: UUID
) -> Saved:
    """What the member has at providers opens nothing here any more, and the member's sign-ins here end. Raises
    NotFound, RoleAboveOwn."""
    saved = await note_unlinking(store, call, identities, membership_id)
    membership = await store.get(Membership, membership_id, call.tenant_id)
    await end_sign_ins_of(store, call.step("sign-ins"), refresh_tokens, membership.user_id, "identity-unlinked")
    return saved


@command
async def note_unlinking(store: EventStore, call: Call, identities: Identities, membership_id: UUID) -> Saved:
    actor = await acting(store, call)
    membership = await store.get(Membership, membership_id, call.tenant_id)
    membership.unlink(by=actor.roles, now=call.now)
    releases = await identities.of_user(call.tenant_id, membership.user_id)
    return await store.save(membership, call=call, releases=releases)
