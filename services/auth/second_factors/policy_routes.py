"""HTTP of a school's security policy: which roles must have a second factor."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from auth.memberships.routes import Role
from auth.second_factors.policy_commands import set_security_policy
from auth.tenants.tenant import Tenant, TenantIsSuspended
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["schools"])


class NewSecurityPolicy(Request):
    """All of it at once."""

    second_factor_roles: Annotated[list[Role], Field(max_length=20)]


class SecurityPolicy(BaseModel):
    """Who has one of these roles and no second factor can only set one up."""

    second_factor_roles: list[str]


@router.get("/tenant/security-policy", responses=problems(NotFound))
async def get_security_policy(caller: Annotated[Caller, may("school.read")]) -> Answer[SecurityPolicy]:
    """Which roles must have a second factor."""
    tenant = await caller.store.get(Tenant, caller.tenant_id, caller.tenant_id)
    policy = SecurityPolicy(second_factor_roles=sorted(tenant.second_factor_roles))
    return Answer(data=policy, message="Security policy")


@router.post("/tenant/security-policy", responses=problems(NotFound, TenantIsSuspended))
async def post_security_policy(
    body: NewSecurityPolicy, caller: Annotated[Caller, may("school.write", fresh=True)]
) -> Answer[Receipt]:
    """Say which roles must have a second factor. It holds from each one's next token on, within five minutes."""
    saved = await set_security_policy(caller.store, caller.call, frozenset(body.second_factor_roles))
    return caller.accepted(saved, "Security policy set")
