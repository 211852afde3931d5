"""The price list: fee plans with their versions, and who has which plan from which day."""

from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel, TypeAdapter

from billing.plans.fee_plan import FeePlan
from billing.plans.plan_assignment import PlanAssignment
from billing.plans.tariff import PlanVersion, Scope
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

PLANS = Table(
    "fee_plan",
    key=("tenant_id", "plan_id"),
    columns={"tenant_id": "uuid", "plan_id": "uuid", "title": "text", "currency": "text", "versions": "jsonb"},
)
ASSIGNMENTS = Table(
    "plan_assignment",
    key=("tenant_id", "scope", "target_id", "effective_on"),
    columns={
        "tenant_id": "uuid",
        "scope": "text",
        "target_id": "uuid",
        "effective_on": "date",
        "plan_id": "uuid",
    },
)
VERSION: TypeAdapter[Any] = TypeAdapter(PlanVersion)


class Plan(BaseModel):
    """Without a version the plan is a draft: it has no price and cannot be assigned."""

    id: UUID
    title: str
    currency: str
    versions: list[PlanVersion]


class Assignment(BaseModel):
    scope: Scope
    target_id: UUID
    effective_on: date
    plan_id: UUID


class PriceList(View):
    """Plans and assignments as they were decided."""

    NAME = "price_list"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (PLANS, ASSIGNMENTS)

    @on(FeePlan.Drafted)
    def drafted(self, fact: Fact[FeePlan.Drafted], rows: Rows) -> None:
        rows.put(
            PLANS,
            {
                "tenant_id": fact.tenant_id,
                "plan_id": fact.aggregate_id,
                "title": fact.data.title,
                "currency": fact.data.currency,
                "versions": [],
            },
        )

    @on(FeePlan.VersionPublished)
    async def published(self, fact: Fact[FeePlan.VersionPublished], rows: Rows) -> None:
        row = await rows.get(PLANS, (fact.tenant_id, fact.aggregate_id))
        known = [version for version in row["versions"] if version["version"] != fact.data.version] if row else []
        told = fact.data
        version = PlanVersion(told.version, told.effective_on, told.components, told.rounding, told.proration)
        rows.change(
            PLANS,
            (fact.tenant_id, fact.aggregate_id),
            versions=[*known, VERSION.dump_python(version, mode="json")],
        )

    @on(PlanAssignment.PlanAssigned)
    def assigned(self, fact: Fact[PlanAssignment.PlanAssigned], rows: Rows) -> None:
        rows.put(
            ASSIGNMENTS,
            {
                "tenant_id": fact.tenant_id,
                "scope": fact.data.scope,
                "target_id": fact.data.target_id,
                "effective_on": fact.data.effective_on,
                "plan_id": fact.data.plan_id,
            },
        )


async def plans_of(read: Reading, after: UUID | None, limit: int) -> list[Plan]:
    return await read.all(
        Plan,
        "SELECT plan_id AS id, title, currency, versions FROM fee_plan"
        " WHERE tenant_id = %(tenant)s AND plan_id > %(after)s ORDER BY plan_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def plan_of(read: Reading, plan_id: UUID) -> Plan | None:
    return await read.one(
        Plan,
        "SELECT plan_id AS id, title, currency, versions FROM fee_plan"
        " WHERE tenant_id = %(tenant)s AND plan_id = %(plan)s",
        plan=plan_id,
    )


async def assignments_of(read: Reading, after: tuple[str, UUID, date] | None, limit: int) -> list[Assignment]:
    scope, target_id, effective_on = after or ("", UUID(int=0), date.min)
    return await read.all(
        Assignment,
        "SELECT scope, target_id, effective_on, plan_id FROM plan_assignment WHERE tenant_id = %(tenant)s"
        " AND (scope, target_id, effective_on) > (%(scope)s, %(target)s, %(day)s)"
        " ORDER BY scope, target_id, effective_on LIMIT %(limit)s",
        scope=scope,
        target=target_id,
        day=effective_on,
        limit=limit,
    )
