"""What a fee plan costs: components with prices, and how they are rounded, prorated and taxed."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from billing.money import Money, Rounding

ComponentKind = Literal["per_meeting", "monthly"]
Proration = Literal["calendar_days"]
Scope = Literal["class", "course", "tenant"]


@dataclass(frozen=True)
class Tax:
    """A category of EN 16931. Exempt lines carry a reason code; VATEX-EU-132-1I: schools and training."""

    category: Literal["E"] = "E"
    rate: str = "0"
    reason_code: str = "VATEX-EU-132-1I"


@dataclass(frozen=True)
class Component:
    """`per_meeting`: the price of one billable mark. `monthly`: the price of one whole calendar month."""

    name: str
    kind: ComponentKind
    price: Money
    tax: Tax = Tax()


@dataclass(frozen=True)
class PlanVersion:
    version: int
    effective_on: date
    components: tuple[Component, ...]
    rounding: Rounding = "half_up"
    proration: Proration = "calendar_days"


@dataclass(frozen=True)
class Price:
    """The plan version that holds for a class on a day, and the scope that chose the plan."""

    scope: Scope
    plan_id: UUID
    plan_title: str
    version: PlanVersion
