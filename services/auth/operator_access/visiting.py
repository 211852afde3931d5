"""How an operator uses what a school granted: a token of five minutes, recorded in both audits before it exists."""

from datetime import UTC, datetime
from uuid import UUID

from auth.operator_access.commands import use_operator_access
from auth.operator_access.operator_access import OperatorAccess, OperatorAccessOver
from auth.signing_keys.access_tokens import LIFE, Signer
from auth.signing_keys.operator_tokens import NAME, OperatorNameMalformed
from shared.calls import Actor, Call
from shared.database import Connection
from shared.ids import uuid7
from shared.operator.actions import Action, Operator, Result
from shared.store import EventStore


async def visit_school(
    connection: Connection,
    store: EventStore,
    signer: Signer,
    operator: Operator,
    name: str,
    tenant_id: UUID,
    access_id: UUID,
) -> str:
    """`operator` is who asks for it, `name` who will use it. The connection is the worker's. Raises NotFound,
    OperatorAccessOver, OperatorNameMalformed."""
    if NAME.fullmatch(name) is None:
        raise OperatorNameMalformed
    now, told = datetime.now(UTC), {"name": name, "tenant": str(tenant_id), "access": str(access_id)}
    call = Call(
        tenant_id=tenant_id,
        actor=Actor("system", operator.name, "platform_operator"),
        now=now,
        correlation_id=uuid7(),
    )
    async with Action(connection, operator, "school.visit", **told) as action:

        async def effect() -> Result:
            await use_operator_access(store, call, access_id, name)
            return {}

        await action.take(effect)
        access = await store.get(OperatorAccess, access_id, tenant_id)
        if not access.open(now):
            raise OperatorAccessOver
        return await signer.issue_to_visitor(name, tenant_id, access_id, now, min(LIFE, access.until - now))
