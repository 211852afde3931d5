"""What can be done with the roles of a membership: grant and revoke them."""

from uuid import UUID

from auth.memberships.membership import Membership, RoleAboveOwn
from auth.memberships.membership import membership_id as id_of
from auth.roles.held import covers, custom_ids, defined_roles, given_by
from auth.tenants.tenant import Tenant
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Forbidden, NotFound
from shared.store import EventStore


@command
async def grant_role(store: EventStore, call: Call, membership_id: UUID, role: str) -> Saved:
    """The caller's own membership decides what it may grant; a school's owners change in the same append."""
    async with store.turn(call, membership_id, call.tenant_id):
        granter = await acting(store, call)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        await check_gives(store, granter, role)
        membership.grant(role, granter=granter.roles, now=call.now)
        if role != "owner":
            return await store.save(membership, call=call)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        tenant.add_owner(membership.user_id, call.now)
        return await store.save(membership, tenant, call=call)


@command
async def revoke_role(store: EventStore, call: Call, membership_id: UUID, role: str) -> Saved:
    async with store.turn(call, membership_id, call.tenant_id):
        granter = await acting(store, call)
        membership = await store.get(Membership, membership_id, call.tenant_id)
        if role != "owner":
            membership.revoke(role, granter=granter.roles, now=call.now)
            return await store.save(membership, call=call)
        tenant = await store.get(Tenant, call.tenant_id, call.tenant_id)
        tenant.remove_owner(membership.user_id, call.now)
        membership.revoke(role, granter=granter.roles, now=call.now)
        return await store.save(membership, tenant, call=call)


async def acting(store: EventStore, call: Call) -> Membership:
    """The caller's own membership, as the log has it now. Raises Forbidden."""
    membership = await store.get(Membership, id_of(call.tenant_id, UUID(call.actor.id)), call.tenant_id)
    if not membership.active(call.now):
        raise Forbidden
    return membership


async def check_gives(store: EventStore, giver: Membership, role: str) -> None:
    """Raises NotFound for a role that the school has not defined, or has retired; RoleAboveOwn for one that allows
    something which the giver's roles do not: rank alone says nothing of roles that a school defined."""
    tenant_id = giver.tenant_id
    defined = await defined_roles(store, tenant_id, [role])
    if custom_ids([role]) and not any(not each.retired for each in defined):
        raise NotFound(pointer="/role")
    if not covers(giver, await defined_roles(store, tenant_id, giver.roles), given_by(role, defined)):
        raise RoleAboveOwn(pointer="/role")
