"""Rating: what a mark and a month cost, and the lines made of it."""

from datetime import date, timedelta
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import given as for_all
from hypothesis import strategies as st

from billing.lines import lines_of
from billing.money import Money
from billing.months import Month
from billing.periods.charges import Attended, Charge, Item
from billing.plans.price_book import PriceBook
from billing.plans.tariff import Component, PlanVersion, Price
from billing.rating import flat_charges, meeting_charges, tariff_of
from shared.ids import uuid7

TENANT, CLASS, PLAN, EVENT = uuid7(), uuid7(), uuid7(), uuid7()
SEPTEMBER = Month(2026, 9)
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DAYS = st.dates(date(2026, 7, 1), date(2026, 11, 30))


def monthly(*versions: tuple[date, int]) -> PriceBook:
    published = tuple(
        PlanVersion(n, effective_on, (Component("Month", "monthly", Money(price, "EUR")),))
        for n, (effective_on, price) in enumerate(versions, 1)
    )
    return PriceBook(TENANT, {("tenant", TENANT): ((date(2026, 1, 1), PLAN),)}, {PLAN: ("Flat", published)})


def flat(book: PriceBook, begin_on: date | None, end_on: date | None) -> tuple[Charge, ...]:
    return flat_charges(SEPTEMBER, tariff_of(SEPTEMBER, book, CLASS, None), begin_on, end_on, EVENT)


def attended(day: date, meeting_id: UUID | None = None) -> Attended:
    return Attended(meeting_id or uuid7(), CLASS, None, day, 60, "P", 1, EVENT)


def test_B3_a_billable_mark_costs_the_price_per_meeting() -> None:
    version = PlanVersion(
        3,
        date(2026, 9, 1),
        (
            Component("Lesson", "per_meeting", Money(2000, "EUR")),
            Component("Month", "monthly", Money(6000, "EUR")),
            Component("Material", "per_meeting", Money(150, "EUR")),
        ),
    )
    charges = meeting_charges(attended(date(2026, 9, 7)), Price("course", PLAN, "Piano", version))
    assert [(c.component, c.amount, c.plan_version, c.source_event_id) for c in charges] == [
        ("Lesson", Money(2000, "EUR"), 3, EVENT),
        ("Material", Money(150, "EUR"), 3, EVENT),
    ]
    assert [step.rule for step in charges[0].steps] == ["mark", "plan", "price", "rounding"]


def test_B2_a_whole_month_costs_the_monthly_price() -> None:
    charges = flat(monthly((date(2026, 1, 1), 6000)), None, None)
    assert [(c.amount, c.held_on, c.until) for c in charges] == [
        (Money(6000, "EUR"), date(2026, 9, 1), date(2026, 10, 1))
    ]


def test_B6_joining_and_leaving_day_count_as_the_half_open_interval_says() -> None:
    book = monthly((date(2026, 1, 1), 6000))
    joined = flat(book, date(2026, 9, 16), None)
    left = flat(book, None, date(2026, 9, 16))
    assert [c.amount.amount for c in (*joined, *left)] == [3000, 3000]
    assert flat(book, date(2026, 10, 1), None) == ()
    assert flat(book, date(2026, 8, 1), date(2026, 9, 1)) == ()


def test_B6_a_day_of_a_long_month_costs_less_than_one_of_a_short_one() -> None:
    book = monthly((date(2026, 1, 1), 6200))
    for month, amount in ((Month(2026, 2), 2214), (Month(2026, 10), 2000)):
        tariff = tariff_of(month, book, CLASS, None)
        (charge,) = flat_charges(month, tariff, None, date(month.year, month.number, 11), EVENT)
        assert charge.amount.amount == amount


def test_B1_a_price_that_changes_within_the_month_is_charged_by_the_day() -> None:
    charges = flat(monthly((date(2026, 1, 1), 6000), (date(2026, 9, 21), 9000)), None, None)
    assert [(c.plan_version, c.amount.amount, c.held_on, c.until) for c in charges] == [
        (1, 4000, date(2026, 9, 1), date(2026, 9, 21)),
        (2, 3000, date(2026, 9, 21), date(2026, 10, 1)),
    ]


@PATIENT
@for_all(st.integers(1, 10**7), DAYS, st.lists(DAYS, max_size=4, unique=True))
def test_B6_a_month_cut_into_versions_of_one_price_costs_that_price(
    price: int, begin_on: date, cuts: list[date]
) -> None:
    whole = flat(monthly((date(2026, 1, 1), price)), begin_on, None)
    versions = [(date(2026, 1, 1), price), *((cut, price) for cut in sorted(cuts))]
    parts = flat(monthly(*versions), begin_on, None)
    assert sum(c.amount.amount for c in parts) == sum(c.amount.amount for c in whole)


@PATIENT
@for_all(st.integers(0, 10**7), DAYS, st.integers(0, 90))
def test_B6_a_share_of_a_month_is_never_more_than_the_month_and_at_most_half_a_cent_off(
    price: int, begin_on: date, length: int
) -> None:
    end_on = begin_on + timedelta(days=length)
    charges = flat(monthly((date(2026, 1, 1), price)), begin_on, end_on)
    days = sum(begin_on <= day < end_on for day in SEPTEMBER.days())
    amount = sum(c.amount.amount for c in charges)
    assert 0 <= amount <= price
    assert abs(amount - price * days / SEPTEMBER.length) <= 0.5 + 1e-6


def test_days_without_a_plan_are_not_charged() -> None:
    charges = flat(monthly((date(2026, 9, 16), 6000)), None, None)
    assert [c.amount.amount for c in charges] == [3000]


@PATIENT
@for_all(st.lists(st.tuples(st.integers(1, 30), st.sampled_from([0, 1999, 2000, 2500])), max_size=40))
def test_N2_every_cent_of_a_line_is_the_sum_of_its_items_and_no_item_is_left_out(
    marks: list[tuple[int, int]],
) -> None:
    items = []
    for day, price in marks:
        version = PlanVersion(1, date(2026, 1, 1), (Component("L", "per_meeting", Money(price, "EUR")),))
        mark = attended(date(2026, 9, day))
        items += [Item(uuid7(), c) for c in meeting_charges(mark, Price("class", PLAN, "Piano", version))]
    lines = lines_of(uuid7(), uuid7(), CLASS, items)
    assert all(sum(i.charge.amount.amount for i in line.items) == line.amount.amount for line in lines)
    assert all(line.quantity * line.unit_price.amount == line.amount.amount for line in lines)
    assert sorted(str(i.item_id) for line in lines for i in line.items) == sorted(str(i.item_id) for i in items)
    assert lines == lines_of(lines[0].agreement_id, lines[0].student_id, CLASS, items[::-1]) if lines else True
