"""HTTP of how members sign in: by their own credentials, or by a provider only; and unlinking somebody."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field

from auth.desk import AtDesk
from auth.identity_providers.policy_commands import demand_external_sign_in, unlink_identities
from auth.identity_providers.routes import Domain
from auth.memberships.membership import RoleAboveOwn
from auth.tenants.tenant import ExternalOnly, Tenant, TenantIsSuspended
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import Forbidden, NotFound
from shared.problems import problems

router = APIRouter(tags=["identity providers"])


class SignInPolicy(Request):
    """Who may sign in by a provider only: everybody, or whose e-mail address is of one of these domains. Owners always
    get in by their own credentials as well."""

    everybody: bool
    domains: Annotated[tuple[Domain, ...], Field(max_length=50)] = ()


@router.get("/tenant/sign-in-policy", responses=problems(NotFound))
async def get_sign_in_policy(caller: Annotated[Caller, may("school.read")]) -> Answer[SignInPolicy]:
    """Who may sign in by a provider only."""
    tenant = await caller.store.get(Tenant, caller.tenant_id, caller.tenant_id)
    only = tenant.external_only
    return caller.answer(SignInPolicy(everybody=only.everybody, domains=only.domains), "Sign-in policy")


@router.post("/tenant/sign-in-policy", responses=problems(NotFound, TenantIsSuspended))
async def post_sign_in_policy(
    body: SignInPolicy, caller: Annotated[Caller, may("identity-providers.write", fresh=True)]
) -> Answer[Receipt]:
    """Say who may sign in by a provider only. Sign-ins by password and passkey end with their next refresh."""
    only = ExternalOnly(body.everybody, tuple(sorted(set(body.domains))))
    return caller.accepted(await demand_external_sign_in(caller.store, caller.call, only), "Sign-in policy set")


@router.post("/members/{membership_id}/external-identities/end", responses=problems(NotFound, Forbidden, RoleAboveOwn))
async def post_unlinking(
    membership_id: UUID, caller: Annotated[Caller, may("members.write", fresh=True)], desk: AtDesk
) -> Answer[Receipt]:
    """Unlink a member from what it has at identity providers, such as when an address has gone to another person. All
    its sign-ins in this school end."""
    saved = await unlink_identities(
        caller.store, caller.call, desk.external.joining.identities, desk.refresh_tokens, membership_id
    )
    return caller.accepted(saved, "Unlinked")
