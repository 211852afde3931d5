"""HTTP of operator access: an owner lets the operator of the platform in, and shows it out."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, StringConstraints

from auth.operator_access.commands import grant_operator_access, revoke_operator_access
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(prefix="/tenant/operator-access", tags=["schools"])


class NewAccess(Request):
    """Why, for the audit: name no people here. `hours`: three days at most."""

    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=200)]
    hours: Annotated[int, Field(ge=1, le=72)] = 4


@router.post("", status_code=201, responses=problems())
async def post_operator_access(
    body: NewAccess, caller: Annotated[Caller, may("operator-access.write", creates=True, fresh=True)]
) -> Answer[Receipt]:
    """Let the operator of the platform read this school's data for some hours. The id is what the operator needs."""
    life = timedelta(hours=body.hours)
    saved = await grant_operator_access(caller.store, caller.call, uuid7(), body.reason, life)
    return caller.accepted(saved, "Operator access granted")


@router.post("/{access_id}/revocation", responses=problems(NotFound))
async def post_operator_access_revocation(
    access_id: UUID, caller: Annotated[Caller, may("operator-access.write")]
) -> Answer[Receipt]:
    """From now on the operator reads nothing here: tokens that are out count no longer."""
    return caller.accepted(
        await revoke_operator_access(caller.store, caller.call, access_id), "Operator access revoked"
    )
