"""HTTP of auth's worker for operators: suspend a school, reinstate it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import StringConstraints

from auth.tenants.operating import Change, change_tenant
from auth.tenants.tenant import TenantIsNotSuspended, TenantIsSuspended
from shared.answers import Answer, Receipt, Request
from shared.errors import NotFound
from shared.operator.desk import AtDesk, operates
from shared.problems import problems

router = APIRouter(prefix="/operator/tenants", tags=["operator"])

Called = Annotated[AtDesk, operates()]


class Reason(Request):
    """Why, for the school and the audit. Name no people here."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]


@router.post("/{tenant_id}/suspension", responses=problems(NotFound, TenantIsSuspended))
async def post_suspension(tenant_id: UUID, body: Reason, called: Called) -> Answer[Receipt]:
    """Suspend a school: its sign-ins end, and nothing in it changes until it is reinstated."""
    return await changed(called, "suspend", tenant_id, body.reason, "School suspended")


@router.post("/{tenant_id}/reinstatement", responses=problems(NotFound, TenantIsNotSuspended))
async def post_reinstatement(tenant_id: UUID, body: Reason, called: Called) -> Answer[Receipt]:
    """End the suspension of a school."""
    return await changed(called, "reinstate", tenant_id, body.reason, "School reinstated")


async def changed(called: AtDesk, change: Change, tenant_id: UUID, reason: str, message: str) -> Answer[Receipt]:
    async with called.desk.connected() as connection:
        result = await change_tenant(connection, called.desk.kernel.store, called.operator, change, tenant_id, reason)
    return Answer(data=Receipt(id=tenant_id, version=result["version"]), message=message)
