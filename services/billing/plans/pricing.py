"""Opening the price book for some classes, from the streams themselves: never from a lagging view."""

from collections.abc import Iterable
from uuid import UUID

from billing.plans.fee_plan import FeePlan
from billing.plans.plan_assignment import PlanAssignment, assignment_id
from billing.plans.price_book import PriceBook
from billing.plans.tariff import Scope
from shared.store import EventStore

Target = tuple[UUID, UUID | None]
"""A class with its course."""


async def open_price_book(store: EventStore, tenant_id: UUID, targets: Iterable[Target]) -> PriceBook:
    """The plans that can hold for these classes."""
    scopes: set[tuple[Scope, UUID]] = {("tenant", tenant_id)}
    for class_id, course_id in targets:
        scopes.add(("class", class_id))
        if course_id is not None:
            scopes.add(("course", course_id))
    ids = [assignment_id(tenant_id, scope, target_id) for scope, target_id in scopes]
    assignments = await store.get_many(PlanAssignment, ids, tenant_id)
    plan_ids = {plan_id for one in assignments.values() for _, plan_id in one.plans}
    plans = await store.get_many(FeePlan, plan_ids, tenant_id) if plan_ids else {}
    return PriceBook(
        tenant_id,
        {(one.scope, one.target_id): one.plans for one in assignments.values()},
        {plan.id: (plan.title, plan.versions) for plan in plans.values()},
    )
