"""HTTP of what was refused in this service: for the audit, which asks all services."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, FastAPI, Query
from psycopg.rows import class_row
from pydantic import BaseModel

from shared.answers import Answer, Meta, Page
from shared.caller import Caller, may
from shared.refused_actions import TENANT, RefusedActions


class RefusedAction(BaseModel):
    """`position` numbers the rows of this service; `tries`: how many of these it tells of, the last one at `at`.
    `outcome`: the code of the answer; `outside-reach` where it said not-found for a reach that is narrower."""

    position: int
    at: datetime
    actor_kind: str
    actor_id: str
    actor_role: str
    login: UUID | None
    on_behalf_of: str | None
    action: str
    outcome: str
    tries: int
    correlation_id: UUID | None


@asynccontextmanager
async def recording(app: FastAPI) -> AsyncIterator[None]:
    """Runs inside the kernel's life."""
    app.state.refused_actions = refused = RefusedActions(app.state.kernel.pool)
    app.state.notice = refused.notice
    task = asyncio.create_task(refused.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        await refused.store(everything=True)


router = APIRouter(tags=["audit"], lifespan=recording)


@router.get("/refused-actions")
async def get_refused_actions(
    page: Page,
    caller: Annotated[Caller, may("audit.read")],
    actor: Annotated[str | None, Query(max_length=100, description="Who: an id")] = None,
    action: Annotated[str | None, Query(max_length=200, description="What: `POST /classes`, say")] = None,
    since: Annotated[datetime | None, Query(description="From here on")] = None,
    until: Annotated[datetime | None, Query(description="Up to here, not included")] = None,
) -> Answer[list[RefusedAction]]:
    """What this service refused to people of the school, the newest first. The audit of auth has its own."""
    after = page.after(int)
    wanted = {"actor": actor, "action": action, "since": since, "until": until}
    async with caller.kernel.pool.connection() as connection, connection.transaction():
        await connection.execute(TENANT, (str(caller.tenant_id),))
        async with connection.cursor(row_factory=class_row(RefusedAction)) as cursor:
            asked = {"tenant": caller.tenant_id, "before": after[0] if after else 2**62, "limit": page.limit + 1}
            await cursor.execute(ROWS, wanted | asked)
            rows = await cursor.fetchall()
    shown, pagination = page.cut(rows, lambda row: (row.position,))
    return Answer(data=shown, message="Refused actions", meta=Meta(pagination=pagination))


ROWS = """
    SELECT number AS position, at, actor_kind, actor_id, actor_role, login, on_behalf_of, action, outcome, tries,
           correlation_id
    FROM refused_actions
    WHERE tenant_id = %(tenant)s AND number < %(before)s
      AND (%(actor)s::text IS NULL OR actor_id = %(actor)s)
      AND (%(action)s::text IS NULL OR action = %(action)s)
      AND (%(since)s::timestamptz IS NULL OR at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
    ORDER BY number DESC
    LIMIT %(limit)s
"""
