"""Which plan a class, a course or the whole school has, from which day on: one stream per target.

Its id is derived from the target, so a decision finds it without asking a view."""

from datetime import date, datetime
from uuid import UUID

from billing.plans.tariff import Scope
from shared.events import Aggregate, event
from shared.ids import derived


def assignment_id(tenant_id: UUID, scope: Scope, target_id: UUID) -> UUID:
    return derived(tenant_id, "plan-assignment", scope, target_id)


class PlanAssignment(Aggregate):
    TOPIC = "billing.plan_assignment"

    class Created(Aggregate.Created):
        TOPIC = "billing.plan_assignment_created"

    class Opened(Created):
        TOPIC = "billing.plan_assignment_opened"
        scope: Scope
        target_id: UUID

    class PlanAssigned(Aggregate.Event):
        TOPIC = "billing.plan_assigned"
        PUBLIC = True
        scope: Scope
        target_id: UUID
        plan_id: UUID
        effective_on: date

    @event(Opened)
    def __init__(self, *, id: UUID, tenant_id: UUID, scope: Scope, target_id: UUID, timestamp: datetime) -> None:
        self.scope = scope
        self.target_id = target_id
        self.plans: tuple[tuple[date, UUID], ...] = ()

    def assign(self, plan_id: UUID, effective_on: date, now: datetime) -> None:
        if self.plan_on(effective_on) == plan_id:
            return
        self._plan_assigned(
            scope=self.scope,
            target_id=self.target_id,
            plan_id=plan_id,
            effective_on=effective_on,
            timestamp=now,
        )

    @event(PlanAssigned)
    def _plan_assigned(
        self, scope: Scope, target_id: UUID, plan_id: UUID, effective_on: date, timestamp: datetime
    ) -> None:
        others = [entry for entry in self.plans if entry[0] != effective_on]
        self.plans = tuple(sorted([*others, (effective_on, plan_id)], key=lambda entry: entry[0]))

    def plan_on(self, day: date) -> UUID | None:
        in_force = [plan_id for effective_on, plan_id in self.plans if effective_on <= day]
        return in_force[-1] if in_force else None
