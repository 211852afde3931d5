"""What the platform's operator does with a school: suspend it with a reason, reinstate it. Recorded in both audits."""

from datetime import UTC, datetime
from typing import Literal
from uuid import UUID

from auth.tenants.life import reinstate_tenant, suspend_tenant
from shared.calls import Actor, Call
from shared.database import Connection
from shared.ids import uuid7
from shared.operator.actions import Action, Operator, Result
from shared.store import EventStore

Change = Literal["suspend", "reinstate"]
COMMANDS = {"suspend": suspend_tenant, "reinstate": reinstate_tenant}


async def change_tenant(
    connection: Connection, store: EventStore, operator: Operator, change: Change, tenant_id: UUID, reason: str
) -> Result:
    """Raises NotFound, TenantIsSuspended, TenantIsNotSuspended; a refusal is recorded, too. The connection is the
    worker's."""
    kind = f"tenant.{change}"
    async with Action(connection, operator, kind, tenant=str(tenant_id), reason=reason) as action:
        call = Call(
            tenant_id=tenant_id,
            actor=Actor("system", operator.name, "platform_operator"),
            now=datetime.now(UTC),
            correlation_id=uuid7(),
        )

        async def effect() -> Result:
            saved = await COMMANDS[change](store, call, tenant_id, reason)
            return {"tenant": str(tenant_id), "version": saved.version}

        return await action.take(effect)
