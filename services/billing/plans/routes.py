"""HTTP of fee plans: draft, publish versions, assign to classes, courses or the school."""

from datetime import date
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, model_validator

from billing.catalogue.offer import Offer, titles_of
from billing.fields import Currency, Day, MinorUnits, ReasonCode, Title
from billing.money import Money, Rounding
from billing.plans.commands import assign_plan, draft_plan, publish_plan_version
from billing.plans.fee_plan import (
    ComponentNamedTwice,
    ComponentsMissing,
    CurrencyDiffers,
    PlanNotInForce,
    PriceNegative,
    VersionNotLater,
)
from billing.plans.price_list import Assignment, Plan, PriceList, assignments_of, plan_of, plans_of
from billing.plans.tariff import Component, ComponentKind, Proration, Scope, Tax
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["plans"])


class PlanRequest(Request):
    title: Title
    currency: Currency


class PriceRequest(Request):
    """Whole minor units: 1250 EUR is 12.50 euros."""

    amount: MinorUnits
    currency: Currency


class ComponentRequest(Request):
    """`per_meeting`: the price of a billable mark. `monthly`: the price of a whole calendar month."""

    name: Title
    kind: ComponentKind
    price: PriceRequest
    tax_category: Literal["E"] = "E"
    reason_code: ReasonCode = "VATEX-EU-132-1I"

    def component(self) -> Component:
        price = Money(self.price.amount, self.price.currency)
        return Component(self.name, self.kind, price, Tax(self.tax_category, "0", self.reason_code))


class VersionRequest(Request):
    effective_on: Day
    components: list[ComponentRequest] = Field(min_length=1, max_length=20)
    rounding: Rounding = "half_up"
    proration: Proration = "calendar_days"


class AssignmentRequest(Request):
    """`target_id` is the class or the course; the school as a whole needs none."""

    scope: Scope
    target_id: UUID | None = None
    plan_id: UUID
    effective_on: Day

    @model_validator(mode="after")
    def _target_fits(self) -> Self:
        if (self.target_id is None) != (self.scope == "tenant"):
            raise ValueError("a class or course needs its target_id, the school has none")
        return self


@router.post("/plans", status_code=201, responses=problems())
async def post_plan(body: PlanRequest, caller: Annotated[Caller, may("plans.write", creates=True)]) -> Answer[Receipt]:
    """Draft a fee plan. It has no price before a version is published."""
    saved = await draft_plan(caller.store, caller.call, uuid7(), body.title, body.currency)
    return caller.accepted(saved, "Plan drafted")


@router.post(
    "/plans/{plan_id}/versions",
    status_code=201,
    responses=problems(
        NotFound, ComponentsMissing, ComponentNamedTwice, CurrencyDiffers, PriceNegative, VersionNotLater
    ),
)
async def post_version(
    plan_id: UUID, body: VersionRequest, caller: Annotated[Caller, may("plans.write", creates=True)]
) -> Answer[Receipt]:
    """Publish a version. It never changes; open months are priced again where it takes effect in the past."""
    components = tuple(one.component() for one in body.components)
    saved = await publish_plan_version(
        caller.store, caller.call, plan_id, body.effective_on, components, body.rounding, body.proration
    )
    return caller.accepted(saved, "Version published")


@router.get("/plans", responses=problems())
async def get_plans(page: Page, caller: Annotated[Caller, may("plans.read")]) -> Answer[list[Plan]]:
    """Fee plans with all their versions."""
    after = page.after(UUID)
    async with caller.reading(PriceList) as read:
        plans = await plans_of(read, after[0] if after else None, page.limit + 1)
    return caller.page(plans, "Plans", read, page, lambda plan: (plan.id,))


@router.get("/plans/{plan_id}", responses=problems(NotFound))
async def get_plan(plan_id: UUID, caller: Annotated[Caller, may("plans.read")]) -> Answer[Plan]:
    """One fee plan with all its versions."""
    async with caller.reading(PriceList) as read:
        plan = await plan_of(read, plan_id)
    if plan is None:
        raise NotFound
    return caller.answer(plan, "Plan", read)


@router.post("/plan-assignments", status_code=201, responses=problems(NotFound, PlanNotInForce))
async def post_assignment(
    body: AssignmentRequest, caller: Annotated[Caller, may("plans.write", creates=True)]
) -> Answer[Receipt]:
    """Assign a plan from a day on. Marks since then that wait for a price become items."""
    target_id = await target_of(caller, body)
    saved = await assign_plan(caller.store, caller.call, body.scope, target_id, body.plan_id, body.effective_on)
    return caller.accepted(saved, "Plan assigned")


@router.get("/plan-assignments", responses=problems())
async def get_assignments(page: Page, caller: Annotated[Caller, may("plans.read")]) -> Answer[list[Assignment]]:
    """Who has which plan, from which day on."""
    after = page.after(str, UUID, date)
    async with caller.reading(PriceList) as read:
        rows = await assignments_of(read, after, page.limit + 1)
    return caller.page(rows, "Assignments", read, page, lambda row: (row.scope, row.target_id, row.effective_on))


async def target_of(caller: Caller, body: AssignmentRequest) -> UUID:
    if body.target_id is None:
        return caller.tenant_id
    async with caller.reading(Offer) as read:
        if not await titles_of(read, body.scope, [body.target_id]):
            raise NotFound(pointer="/target_id")
    return body.target_id
