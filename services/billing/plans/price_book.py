"""The price book: which plan version holds for a class on a day.

The class's own plan, else its course's, else the school's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.plans.tariff import PlanVersion, Price, Scope


@dataclass(frozen=True)
class PriceBook:
    """`assigned`: per target the plans by their day. `plans`: title and versions."""

    tenant_id: UUID
    assigned: Mapping[tuple[Scope, UUID], tuple[tuple[date, UUID], ...]]
    plans: Mapping[UUID, tuple[str, tuple[PlanVersion, ...]]]

    def price_on(self, day: date, class_id: UUID, course_id: UUID | None) -> Price | None:
        for scope, target_id in self._targets(class_id, course_id):
            in_force = [plan for since, plan in self.assigned.get((scope, target_id), ()) if since <= day]
            if in_force:
                title, versions = self.plans[in_force[-1]]
                published = [version for version in versions if version.effective_on <= day]
                return Price(scope, in_force[-1], title, published[-1]) if published else None
        return None

    def _targets(self, class_id: UUID, course_id: UUID | None) -> list[tuple[Scope, UUID]]:
        course: list[tuple[Scope, UUID]] = [] if course_id is None else [("course", course_id)]
        return [("class", class_id), *course, ("tenant", self.tenant_id)]
