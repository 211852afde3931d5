"""What a school has from its registration on: an issuer, its series, and a plan to fill in."""

from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.issuers.issuer import Issuer, default_issuer_id
from billing.plans.fee_plan import FeePlan
from billing.series.numbering import number_source
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.ids import derived
from shared.store import EventStore

FIRST_PLAN = "Standard"


class SchoolNotReady(Refused):
    """The school was registered a moment ago, and its issuer is not there yet. Try again."""


@dataclass(frozen=True)
class School:
    name: str
    country: str
    currency: str
    zone: str


@command
async def make_defaults(store: EventStore, call: Call, school: School) -> Saved:
    """The plan has no price before somebody publishes one: nothing is ever billed by a price nobody set."""
    if await store.find(Issuer, default_issuer_id(call.tenant_id), call.tenant_id):
        return await store.save(call=call)
    issuer = Issuer(
        id=default_issuer_id(call.tenant_id),
        tenant_id=call.tenant_id,
        name=school.name,
        country=school.country,
        currency=school.currency,
        zone=school.zone,
        invoice_prefix="F",
        credit_note_prefix="R",
        timestamp=call.now,
    )
    plan = FeePlan(
        id=derived(call.tenant_id, "first-plan"),
        tenant_id=call.tenant_id,
        title=FIRST_PLAN,
        currency=school.currency,
        timestamp=call.now,
    )
    today = call.now.astimezone(ZoneInfo(school.zone)).date()
    invoices = await number_source(store, issuer, "invoice", today, call.now)
    credit_notes = await number_source(store, issuer, "credit_note", today, call.now)
    return await store.save(issuer, *invoices.changed(), *credit_notes.changed(), plan, call=call)


async def issuer_of(store: EventStore, tenant_id: UUID) -> Issuer:
    """Raises SchoolNotReady."""
    issuer = await store.find(Issuer, default_issuer_id(tenant_id), tenant_id)
    if issuer is None:
        raise SchoolNotReady
    return issuer
