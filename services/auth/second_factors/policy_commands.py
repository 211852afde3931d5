"""What can be done with a school's security policy."""

from auth.tenants.tenant import Tenant
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def set_security_policy(store: EventStore, call: Call, second_factor_roles: frozenset[str]) -> Saved:
    return await store.change(
        Tenant, call.tenant_id, lambda tenant: tenant.set_security_policy(second_factor_roles, call.now), call=call
    )
