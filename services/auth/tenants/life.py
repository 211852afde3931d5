"""What becomes of a school after its registration: its name, its settings, suspension and reinstatement."""

from uuid import UUID

from auth.tenants.tenant import Settings, Tenant
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def rename_tenant(store: EventStore, call: Call, name: str) -> Saved:
    return await store.change(Tenant, call.tenant_id, lambda tenant: tenant.rename(name, call.now), call=call)


@command
async def change_tenant_settings(store: EventStore, call: Call, settings: Settings) -> Saved:
    return await store.change(
        Tenant, call.tenant_id, lambda tenant: tenant.change_settings(settings, call.now), call=call
    )


@command
async def suspend_tenant(store: EventStore, call: Call, tenant_id: UUID, reason: str) -> Saved:
    """By the platform. Sign-ins end by a reaction to the event."""
    return await store.change(Tenant, tenant_id, lambda tenant: tenant.suspend(reason, call.now), call=call)


@command
async def reinstate_tenant(store: EventStore, call: Call, tenant_id: UUID, reason: str) -> Saved:
    return await store.change(Tenant, tenant_id, lambda tenant: tenant.reinstate(reason, call.now), call=call)
