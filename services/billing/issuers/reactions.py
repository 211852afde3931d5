"""A registered school gets its issuer, its series and a plan to fill in."""

from pydantic import BaseModel

from billing.issuers.commands import School, make_defaults
from shared.reactions import Act, Fact, when


class TenantRegistered(BaseModel, frozen=True):
    name: str
    country: str
    currency: str
    zone: str


@when("auth.tenant_registered", name="billing.defaults-for-tenant")
async def when_tenant_registered(fact: Fact[TenantRegistered], act: Act) -> None:
    told = fact.data
    await make_defaults(act.store, act.call, School(told.name, told.country, told.currency, told.zone))
