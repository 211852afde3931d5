"""What the academic service does when a school is registered."""

from pydantic import BaseModel

from academic.schools.commands import prepare_school
from shared.reactions import Act, Fact, when


class TenantRegistered(BaseModel):
    """auth.tenant_registered: the fields that are read here."""

    name: str
    zone: str


@when("auth.tenant_registered", name="academic.school-for-tenant")
async def when_tenant_registered(fact: Fact[TenantRegistered], act: Act) -> None:
    await prepare_school(act.store, act.call, fact.data.name, fact.data.zone)
