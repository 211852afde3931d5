"""What limits a membership: suspend and resume it, set its places and its end, end it, leave."""

from datetime import datetime
from uuid import UUID

from auth.memberships.commands import acting
from auth.memberships.membership import Membership, Scope
from auth.tenants.tenant import Tenant
from auth.users.user import User
from shared.calls import Call, Saved
from shared.commands import command
from shared.ids import PLATFORM
from shared.store import EventStore


@command
async def end_membership(store: EventStore, call: Call, membership_id: UUID) -> Saved:
    """Somebody else's, or the own one: that is leaving. The school's owners and the user's schools change in the same
    append, so that a school keeps an owner whoever leaves at the same time."""
    known = await store.get(Membership, membership_id, call.tenant_id)
    async with store.turn(call, membership_id, call.tenant_id, known.user_id):
        actor = await acting(store, call)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        user = await store.get(User, membership.user_id, PLATFORM)
        if actor.id == membership.id:
            membership.leave(call.now)
        else:
            membership.end(by=actor.roles, now=call.now)
        tenant.remove_owner(user.id, call.now)
        user.leave(call.tenant_id, call.now)
        return await store.save(membership, tenant, user, call=call)


@command
async def suspend_membership(store: EventStore, call: Call, membership_id: UUID) -> Saved:
    """A suspended owner does not count among those that a school must have."""
    async with store.turn(call, membership_id, call.tenant_id):
        actor = await acting(store, call)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        membership.suspend(by=actor.roles, now=call.now)
        tenant.remove_owner(membership.user_id, call.now)
        return await store.save(membership, tenant, call=call)


@command
async def resume_membership(store: EventStore, call: Call, membership_id: UUID) -> Saved:
    async with store.turn(call, membership_id, call.tenant_id):
        actor = await acting(store, call)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        membership.resume(by=actor.roles, now=call.now)
        if "owner" in membership.roles:
            tenant.add_owner(membership.user_id, call.now)
        return await store.save(membership, tenant, call=call)


@command
async def limit_scope(store: EventStore, call: Call, membership_id: UUID, scope: Scope) -> Saved:
    actor = await acting(store, call)
    return await store.change(
        Membership, membership_id, lambda m: m.limit_scope(scope, by=actor.roles, now=call.now), call=call
    )


@command
async def set_end(store: EventStore, call: Call, membership_id: UUID, until: datetime | None) -> Saved:
    actor = await acting(store, call)
    return await store.change(
        Membership, membership_id, lambda m: m.set_end(until, by=actor.roles, now=call.now), call=call
    )
