"""What an agreement owes for one mark or one stretch of days, with the steps that led to the amount."""

from dataclasses import dataclass
from datetime import date
from typing import Literal
from uuid import UUID

from billing.money import Money, Rounding
from billing.plans.tariff import Component, Tax

ChargeKind = Literal["meeting", "flat"]
UnpricedReason = Literal["no_plan", "no_agreement", "included"]
"""`included`: the plan has no price per meeting, so the mark costs nothing by itself."""


@dataclass(frozen=True)
class Attended:
    """One billable mark. `source_event_id` is the academic event that told it last."""

    meeting_id: UUID
    class_id: UUID
    course_id: UUID | None
    held_on: date
    minutes: int
    code: str
    code_version: int
    source_event_id: UUID

    @property
    def key(self) -> str:
        return f"meeting:{self.meeting_id}"


@dataclass(frozen=True)
class FlatSpan:
    """Days of a month (`end` exclusive) on which one monthly price holds, whoever is enrolled."""

    begin: date
    end: date
    plan_id: UUID
    plan_title: str
    plan_version: int
    effective_on: date
    rounding: Rounding
    component: Component


@dataclass(frozen=True)
class Step:
    """One step of the explanation: which rule, on what, with which result."""

    rule: str
    detail: str
    result: str


@dataclass(frozen=True)
class Charge:
    """One component of a plan version applied once.

    `key` names what it is for: a meeting, or a month's flat price. `held_on` is the day of the lesson,
    or the first day charged; `until` is the first day no longer charged."""

    key: str
    kind: ChargeKind
    month: str
    source_event_id: UUID
    held_on: date
    until: date | None
    mark: Attended | None
    plan_id: UUID
    plan_title: str
    plan_version: int
    component: str
    unit_price: Money
    amount: Money
    tax: Tax
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Item:
    """A charge that was recorded."""

    item_id: UUID
    charge: Charge


@dataclass(frozen=True)
class Line:
    """One line of an invoice: the items of one agreement with one price, and nothing else."""

    agreement_id: UUID
    student_id: UUID
    class_id: UUID
    kind: ChargeKind
    month: str
    plan_id: UUID
    plan_title: str
    plan_version: int
    component: str
    unit_price: Money
    quantity: int
    amount: Money
    tax: Tax
    items: tuple[Item, ...]
