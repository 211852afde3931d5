"""What an operator does with parked facts: look at them, and ask the worker to try them again."""

from uuid import UUID

from pydantic import BaseModel

from shared.database import Connection
from shared.operator.actions import Action, Operator, Result

LIST = (
    "SELECT DISTINCT ON (consumer, tenant_id) consumer, tenant_id, error_class, pointer, tries,"
    " count(*) OVER (PARTITION BY consumer, tenant_id) - 1"
    " FROM parked WHERE (source, generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1)"
    " ORDER BY consumer, tenant_id, source, generation, position"
)
"""Of the newest generation of each source, as below: nobody reads an older one."""
RETRY = (
    "UPDATE parked SET retry = true"
    " WHERE (source, generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1)"
    " AND (%(consumer)s::text IS NULL OR consumer = %(consumer)s)"
    " AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s::uuid)"
)


class ParkedTenant(BaseModel):
    """The first fact that failed for a tenant in a consumer, and how many wait behind it. Pointers, never data."""

    consumer: str
    tenant_id: UUID
    error: str
    pointer: str
    tries: int
    waiting: int


async def list_parked(connection: Connection) -> list[ParkedTenant]:
    cursor = await connection.execute(LIST)
    names = list(ParkedTenant.model_fields)
    return [ParkedTenant(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]


async def retry_parked(
    connection: Connection, operator: Operator, consumer: str | None = None, tenant_id: UUID | None = None
) -> int:
    """How many facts will be tried again, in order; all of them, or of one consumer or tenant."""
    tenant = None if tenant_id is None else str(tenant_id)

    async def effect() -> Result:
        cursor = await connection.execute(RETRY, {"consumer": consumer, "tenant": tenant})
        return {"facts": cursor.rowcount}

    async with Action(connection, operator, "parked.retry", consumer=consumer, tenant=tenant) as action:
        return int((await action.take(effect))["facts"])
