"""Rating: from a mark or a month to charges. Pure: preview, invoice and correction have it in common."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from itertools import groupby
from uuid import UUID

from billing.money import Money, rounded, split
from billing.months import Month
from billing.periods.charges import Attended, Charge, FlatSpan, Step
from billing.plans.price_book import PriceBook
from billing.plans.tariff import PlanVersion, Price


def meeting_charges(mark: Attended, price: Price) -> tuple[Charge, ...]:
    """A billable mark by the plan version of its day: one charge for each component priced per meeting."""
    return tuple(
        Charge(
            key=mark.key,
            kind="meeting",
            month=str(Month.of(mark.held_on)),
            source_event_id=mark.source_event_id,
            held_on=mark.held_on,
            until=None,
            mark=mark,
            plan_id=price.plan_id,
            plan_title=price.plan_title,
            plan_version=price.version.version,
            component=component.name,
            unit_price=component.price,
            amount=component.price,
            tax=component.tax,
            steps=(
                Step("mark", f"code {mark.code} version {mark.code_version} on {mark.held_on}", "billable"),
                Step("plan", f"of the {price.scope}, in force on {mark.held_on}", _version(price.version)),
                Step("price", f"{component.name}, per meeting", str(component.price)),
                Step("rounding", "none: whole minor units", str(component.price)),
            ),
        )
        for component in price.version.components
        if component.kind == "per_meeting"
    )


def tariff_of(month: Month, book: PriceBook, class_id: UUID, course_id: UUID | None) -> tuple[FlatSpan, ...]:
    """The monthly prices of a class in a month, as stretches of days with one plan version each."""
    prices = [(day, book.price_on(day, class_id, course_id)) for day in month.days()]
    spans: list[FlatSpan] = []
    for price, days in groupby(prices, key=lambda entry: entry[1]):
        if price is None:
            continue
        stretch = [day for day, _ in days]
        spans.extend(
            FlatSpan(
                stretch[0],
                stretch[-1] + timedelta(days=1),
                price.plan_id,
                price.plan_title,
                price.version.version,
                price.version.effective_on,
                price.version.rounding,
                component,
            )
            for component in price.version.components
            if component.kind == "monthly"
        )
    return tuple(spans)


def flat_key(month: Month | str) -> str:
    return f"flat:{month}"


def flat_charges(
    month: Month,
    tariff: Sequence[FlatSpan],
    begin_on: date | None,
    end_on: date | None,
    source_event_id: UUID,
) -> tuple[Charge, ...]:
    """A month's flat prices for the days of an agreement, prorated by calendar days.

    What a component costs over several stretches is rounded once and split by largest remainder."""
    covered = [(span, *_covered(span, begin_on, end_on)) for span in tariff]
    covered = [entry for entry in covered if entry[1] < entry[2]]
    charges: list[Charge] = []
    by_component = sorted(covered, key=lambda entry: (_what(entry[0]), entry[1]))
    for _, group in groupby(by_component, key=lambda entry: _what(entry[0])):
        stretches = list(group)
        exact = [
            Fraction(span.component.price.amount * (end - begin).days, month.length) for span, begin, end in stretches
        ]
        rule = stretches[0][0].rounding
        whole = rounded(sum(exact, Fraction(0)), rule)
        amounts = split(whole, exact) if whole else [0] * len(exact)
        for (span, begin, end), amount, value in zip(stretches, amounts, exact, strict=True):
            price = span.component.price
            result = Money(amount, price.currency)
            charges.append(
                Charge(
                    key=flat_key(month),
                    kind="flat",
                    month=str(month),
                    source_event_id=source_event_id,
                    held_on=begin,
                    until=end,
                    mark=None,
                    plan_id=span.plan_id,
                    plan_title=span.plan_title,
                    plan_version=span.plan_version,
                    component=span.component.name,
                    unit_price=price,
                    amount=result,
                    tax=span.component.tax,
                    steps=(
                        Step("plan", f"in force from {span.begin}", _version(span)),
                        Step("price", f"{span.component.name}, per month", str(price)),
                        Step(
                            "proration",
                            f"{(end - begin).days} of {month.length} calendar days",
                            f"{value.numerator}/{value.denominator} minor units",
                        ),
                        Step("rounding", f"{rule}, once; parts by largest remainder", str(result)),
                    ),
                )
            )
    return tuple(charges)


def difference_charge(wanted: Sequence[Charge], billed: Money, rest: int) -> Charge:
    """What is still owed when a part of the wanted charges stands on an invoice already."""
    last = wanted[-1]
    amount = Money(rest, billed.currency)
    steps = (
        *(step for charge in wanted for step in charge.steps),
        Step("already invoiced", f"for {last.key}", str(billed)),
        Step("difference", "charged now", str(amount)),
    )
    return replace(last, amount=amount, steps=steps)


def _version(published: PlanVersion | FlatSpan) -> str:
    number = published.version if isinstance(published, PlanVersion) else published.plan_version
    return f"version {number}, effective {published.effective_on}"


def _covered(span: FlatSpan, begin_on: date | None, end_on: date | None) -> tuple[date, date]:
    begin = span.begin if begin_on is None else max(span.begin, begin_on)
    end = span.end if end_on is None else min(span.end, end_on)
    return begin, end


def _what(span: FlatSpan) -> tuple[str, str]:
    return span.component.name, span.component.price.currency
