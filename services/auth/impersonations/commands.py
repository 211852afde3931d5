"""What can be done with an impersonation: start one, go on with it, end it."""

from datetime import timedelta
from uuid import UUID

from auth.impersonations.impersonation import (
    LONGEST,
    Impersonation,
    ImpersonationOver,
    MembershipNotActive,
    OneselfImpersonated,
    RightsAboveOwn,
)
from auth.memberships.commands import acting
from auth.memberships.membership import Membership, membership_id, rank_of
from auth.roles.held import defined_roles, holds_whole, reaches_of
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.store import EventStore


@command
async def start_impersonation(
    store: EventStore, call: Call, impersonation_id: UUID, of_membership_id: UUID, reason: str, life: timedelta
) -> Saved:
    """Raises NotFound, OneselfImpersonated, MembershipNotActive, RightsAboveOwn."""
    own = await acting(store, call)
    other = await store.get(Membership, of_membership_id, call.tenant_id)
    await check_may_act_as(store, call, own, other)
    impersonation = Impersonation(
        id=impersonation_id,
        tenant_id=call.tenant_id,
        user_id=other.user_id,
        impersonator_id=own.user_id,
        reason=reason,
        until=call.now + min(life, LONGEST),
        timestamp=call.now,
    )
    return await store.save(impersonation, call=call)


async def going_on(store: EventStore, call: Call, impersonation_id: UUID) -> Impersonation:
    """For the one who started it, as long as both are who they were. Raises NotFound, ImpersonationOver and whatever
    would refuse a new one."""
    impersonation = await store.get(Impersonation, impersonation_id, call.tenant_id)
    own = await acting(store, call)
    if impersonation.impersonator_id != own.user_id:
        raise NotFound
    if not impersonation.going_on(call.now):
        raise ImpersonationOver
    other = await store.get(Membership, membership_id(call.tenant_id, impersonation.user_id), call.tenant_id)
    await check_may_act_as(store, call, own, other)
    return impersonation


@command
async def end_impersonation(store: EventStore, call: Call, impersonation_id: UUID) -> Saved:
    """By the one who acts, under either name, or by the one who is acted as. Raises NotFound."""

    def decide(impersonation: Impersonation) -> None:
        parties = {str(impersonation.impersonator_id), str(impersonation.user_id)}
        if call.actor.id not in parties:
            raise NotFound
        impersonation.end(call.now)

    return await store.change(Impersonation, impersonation_id, decide, call=call)


async def check_may_act_as(store: EventStore, call: Call, own: Membership, other: Membership) -> None:
    """A rank says who is above whom; permissions are compared besides, since a school defines roles of its own."""
    if own.id == other.id:
        raise OneselfImpersonated
    if not other.active(call.now):
        raise MembershipNotActive
    wanted = reaches_of(other.roles, await defined_roles(store, call.tenant_id, other.roles))
    held = await defined_roles(store, call.tenant_id, own.roles)
    if rank_of(other.roles) > rank_of(own.roles) or not holds_whole(own, held, wanted):
        raise RightsAboveOwn
