"""What can be done with fee plans: draft, publish a version, assign."""

from datetime import date
from uuid import UUID

from billing.money import Rounding
from billing.plans.fee_plan import FeePlan
from billing.plans.plan_assignment import PlanAssignment, assignment_id
from billing.plans.tariff import Component, Proration, Scope
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore, Stale


@command
async def draft_plan(store: EventStore, call: Call, plan_id: UUID, title: str, currency: str) -> Saved:
    plan = FeePlan(id=plan_id, tenant_id=call.tenant_id, title=title, currency=currency, timestamp=call.now)
    return await store.save(plan, call=call)


@command
async def publish_plan_version(
    store: EventStore,
    call: Call,
    plan_id: UUID,
    effective_on: date,
    components: tuple[Component, ...],
    rounding: Rounding,
    proration: Proration,
) -> Saved:
    def decide(plan: FeePlan) -> None:
        plan.publish(effective_on, components, call.now, rounding, proration)

    return await store.change(FeePlan, plan_id, decide, call=call)


@command
async def assign_plan(
    store: EventStore, call: Call, scope: Scope, target_id: UUID, plan_id: UUID, effective_on: date
) -> Saved:
    """From this day on the class, course or school has the plan. A past day prices waiting marks."""
    id = assignment_id(call.tenant_id, scope, target_id)
    async with store.turn(call, id):
        plan = await store.get(FeePlan, plan_id, call.tenant_id)
        plan.guard_in_force(effective_on)
        assignment = await store.find(PlanAssignment, id, call.tenant_id)
        if assignment is None:
            assignment = PlanAssignment(
                id=id, tenant_id=call.tenant_id, scope=scope, target_id=target_id, timestamp=call.now
            )
        elif call.expected_version not in (None, assignment.version):
            raise Stale(assignment.version)
        assignment.assign(plan_id, effective_on, call.now)
        return await store.save(assignment, call=call)
