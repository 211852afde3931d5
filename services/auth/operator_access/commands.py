"""What can be done with operator access: grant it, use it, revoke it."""

from datetime import timedelta
from uuid import UUID

from auth.operator_access.operator_access import LONGEST, OperatorAccess
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def grant_operator_access(store: EventStore, call: Call, access_id: UUID, reason: str, life: timedelta) -> Saved:
    access = OperatorAccess(
        id=access_id,
        tenant_id=call.tenant_id,
        until=call.now + min(life, LONGEST),
        reason=reason,
        timestamp=call.now,
    )
    return await store.save(access, call=call)


@command
async def use_operator_access(store: EventStore, call: Call, access_id: UUID, operator: str) -> Saved:
    """Raises NotFound, OperatorAccessOver."""
    return await store.change(OperatorAccess, access_id, lambda access: access.use(operator, call.now), call=call)


@command
async def revoke_operator_access(store: EventStore, call: Call, access_id: UUID) -> Saved:
    return await store.change(OperatorAccess, access_id, lambda access: access.revoke(call.now), call=call)
