"""Lines as people read them, and the explanation of each: down to marks, plan version, rule and rounding."""

from collections.abc import Iterable
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from billing.money import Money
from billing.periods.charges import ChargeKind, Item, Line, Step
from billing.plans.tariff import Tax
from billing.students.names import Names


class InvoiceLine(BaseModel):
    """`month` is the month of the lessons: a late charge stands on a later invoice."""

    id: UUID | None
    agreement_id: UUID
    student_id: UUID
    student_name: str | None
    class_id: UUID
    class_title: str | None
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


class ExplainedItem(BaseModel):
    """`source_event_id` is the event of academic that caused the item; `until` is exclusive."""

    item_id: UUID
    source_event_id: UUID
    held_on: date
    until: date | None
    meeting_id: UUID | None
    code: str | None
    code_version: int | None
    plan_id: UUID
    plan_version: int
    component: str
    unit_price: Money
    amount: Money
    steps: tuple[Step, ...]


class ExplainedLine(InvoiceLine):
    """`items_total` is what the items add up to: the line's amount, to the cent."""

    items: list[ExplainedItem]
    items_total: Money


def line_of(line: Line, names: Names, id: UUID | None = None) -> InvoiceLine:
    return InvoiceLine(**_values(line, names, id))


def explained(line: Line, names: Names, id: UUID | None = None) -> ExplainedLine:
    amount = sum(item.charge.amount.amount for item in line.items)
    return ExplainedLine(
        **_values(line, names, id),
        items=[_item(item) for item in line.items],
        items_total=Money(amount, line.amount.currency),
    )


def students_and_classes(lines: Iterable[Line]) -> tuple[set[UUID], set[UUID]]:
    known = list(lines)
    return {line.student_id for line in known}, {line.class_id for line in known}


def _values(line: Line, names: Names, id: UUID | None) -> dict[str, object]:
    shown = {name: value for name, value in vars(line).items() if name != "items"}
    student, title = names.students.get(line.student_id), names.classes.get(line.class_id)
    return {"id": id, "student_name": student, "class_title": title, **shown}


def _item(item: Item) -> ExplainedItem:
    charge = item.charge
    return ExplainedItem(
        item_id=item.item_id,
        source_event_id=charge.source_event_id,
        held_on=charge.held_on,
        until=charge.until,
        meeting_id=charge.mark and charge.mark.meeting_id,
        code=charge.mark and charge.mark.code,
        code_version=charge.mark and charge.mark.code_version,
        plan_id=charge.plan_id,
        plan_version=charge.plan_version,
        component=charge.component,
        unit_price=charge.unit_price,
        amount=charge.amount,
        steps=charge.steps,
    )
