"""What can be done with a membership: grant and revoke roles."""

from uuid import UUID

from auth.memberships.membership import Membership
from auth.memberships.membership import membership_id as id_of
from auth.tenants.tenant import Tenant
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def grant_role(store: EventStore, call: Call, membership_id: UUID, role: str) -> Saved:
    """The caller's own membership decides what it may grant; a school's owners change in the same append."""
    async with store.turn(call, membership_id, call.tenant_id):
        granter = await store.get(Membership, id_of(call.tenant_id, UUID(call.actor.id)), call.tenant_id)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        membership.grant(role, granter=granter.roles, now=call.now)
        if role != "owner":
            return await store.save(membership, call=call)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        tenant.add_owner(membership.user_id, call.now)
        return await store.save(membership, tenant, call=call)


@command
async def revoke_role(store: EventStore, call: Call, membership_id: UUID, role: str) -> Saved:
    async with store.turn(call, membership_id, call.tenant_id):
        granter = await store.get(Membership, id_of(call.tenant_id, UUID(call.actor.id)), call.tenant_id)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        if role != "owner":
            membership.revoke(role, granter=granter.roles, now=call.now)
            return await store.save(membership, call=call)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        tenant.remove_owner(membership.user_id, call.now)
        membership.revoke(role, granter=granter.roles, now=call.now)
        return await store.save(membership, tenant, call=call)
