"""Lines: the items of an agreement gathered for an invoice. Pure; the sum of its items is a line's amount."""

from collections.abc import Iterable
from itertools import groupby
from uuid import UUID

from billing.money import Money
from billing.periods.charges import Charge, Item, Line


def lines_of(agreement_id: UUID, student_id: UUID, class_id: UUID, items: Iterable[Item]) -> tuple[Line, ...]:
    """The items of an agreement as lines: one for each month, kind, plan version, component and price."""
    lines = []
    ordered = sorted(items, key=lambda item: (_line_key(item.charge), item.charge.held_on, item.item_id))
    for _, group in groupby(ordered, key=lambda item: _line_key(item.charge)):
        members = tuple(group)
        first = members[0].charge
        lines.append(
            Line(
                agreement_id=agreement_id,
                student_id=student_id,
                class_id=class_id,
                kind=first.kind,
                month=first.month,
                plan_id=first.plan_id,
                plan_title=first.plan_title,
                plan_version=first.plan_version,
                component=first.component,
                unit_price=first.unit_price,
                quantity=len(members),
                amount=Money(sum(item.charge.amount.amount for item in members), first.amount.currency),
                tax=first.tax,
                items=members,
            )
        )
    return tuple(lines)


def _line_key(charge: Charge) -> tuple[str, str, str, int, str, str, int, str]:
    price = charge.unit_price
    return (
        charge.month,
        charge.kind,
        str(charge.plan_id),
        charge.plan_version,
        charge.component,
        price.currency,
        price.amount,
        charge.tax.reason_code,
    )
