"""Decisions of fee plans and their assignments."""

from datetime import UTC, date, datetime

from billing.money import Money
from billing.plans.fee_plan import (
    ComponentNamedTwice,
    ComponentsMissing,
    CurrencyDiffers,
    FeePlan,
    PlanNotInForce,
    PriceNegative,
    VersionNotLater,
)
from billing.plans.plan_assignment import PlanAssignment, assignment_id
from billing.plans.price_book import PriceBook
from billing.plans.tariff import Component, PlanVersion
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TENANT, CLASS, COURSE = uuid7(), uuid7(), uuid7()
LESSON = Component("Lesson", "per_meeting", Money(2000, "EUR"))
DEARER = Component("Lesson", "per_meeting", Money(2500, "EUR"))
SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)


def drafted() -> FeePlan:
    return FeePlan(id=uuid7(), tenant_id=TENANT, title="Piano", currency="EUR", timestamp=NOW)


def published() -> FeePlan:
    plan = drafted()
    plan.publish(SEPTEMBER, (LESSON,), NOW)
    return plan


def assigned() -> PlanAssignment:
    assignment = PlanAssignment(
        id=assignment_id(TENANT, "class", CLASS),
        tenant_id=TENANT,
        scope="class",
        target_id=CLASS,
        timestamp=NOW,
    )
    assignment.assign(PLAN, SEPTEMBER, NOW)
    return assignment


PLAN, OTHER = uuid7(), uuid7()


def test_B1_a_published_version_has_a_number_and_an_effective_day() -> None:
    given(drafted()).when(lambda p: p.publish(SEPTEMBER, (LESSON,), NOW)).then(
        FeePlan.VersionPublished, version=1, effective_on=SEPTEMBER, rounding="half_up"
    )


def test_B1_a_new_version_takes_effect_after_the_one_before() -> None:
    given(published()).when(lambda p: p.publish(OCTOBER, (DEARER,), NOW)).then(FeePlan.VersionPublished, version=2)
    given(published()).when(lambda p: p.publish(SEPTEMBER, (DEARER,), NOW)).then_refused(VersionNotLater)


def test_publishing_the_same_version_twice_changes_nothing() -> None:
    given(published()).when(lambda p: p.publish(SEPTEMBER, (LESSON,), NOW)).then_nothing()


def test_a_version_needs_components_with_their_own_names_in_the_currency_of_the_plan() -> None:
    dollars = Component("Lesson", "per_meeting", Money(2000, "USD"))
    negative = Component("Lesson", "per_meeting", Money(-1, "EUR"))
    for components, refusal in [
        ((), ComponentsMissing),
        ((LESSON, DEARER), ComponentNamedTwice),
        ((dollars,), CurrencyDiffers),
        ((negative,), PriceNegative),
    ]:
        given(drafted()).when(lambda p, c=components: p.publish(SEPTEMBER, c, NOW)).then_refused(refusal)  # type: ignore[misc]


def test_a_plan_without_a_price_on_the_day_cannot_be_assigned() -> None:
    given(drafted()).when(lambda p: p.guard_in_force(SEPTEMBER)).then_refused(PlanNotInForce)
    given(published()).when(lambda p: p.guard_in_force(date(2026, 8, 31))).then_refused(PlanNotInForce)
    given(published()).when(lambda p: p.guard_in_force(SEPTEMBER)).then_nothing()


def test_a_plan_is_assigned_from_a_day_on() -> None:
    given(assigned()).when(lambda a: a.assign(OTHER, OCTOBER, NOW)).then(
        PlanAssignment.PlanAssigned, scope="class", target_id=CLASS, plan_id=OTHER, effective_on=OCTOBER
    )


def test_assigning_the_plan_that_already_holds_changes_nothing() -> None:
    given(assigned()).when(lambda a: a.assign(PLAN, OCTOBER, NOW)).then_nothing()


def test_a_plan_assigned_for_the_same_day_takes_the_place_of_the_other() -> None:
    assignment = assigned()
    assignment.assign(OTHER, SEPTEMBER, NOW)
    assert [assignment.plan_on(day) for day in (date(2026, 8, 31), SEPTEMBER)] == [None, OTHER]


def test_B1_the_plan_of_the_class_else_of_the_course_else_of_the_school_holds_on_the_day() -> None:
    versions = (PlanVersion(1, SEPTEMBER, (LESSON,)), PlanVersion(2, date(2026, 10, 15), (DEARER,)))
    school, course, own = uuid7(), uuid7(), uuid7()
    book = PriceBook(
        TENANT,
        {
            ("tenant", TENANT): ((SEPTEMBER, school),),
            ("course", COURSE): ((date(2026, 9, 10), course),),
            ("class", CLASS): ((date(2026, 9, 20), own),),
        },
        dict.fromkeys((school, course, own), ("Piano", versions)),
    )
    found = [
        (price.scope, price.plan_id, price.version.version)
        for day in ((9, 1), (9, 10), (9, 19), (9, 20), (10, 14), (10, 15))
        if (price := book.price_on(date(2026, *day), CLASS, COURSE))
    ]
    assert found == [
        ("tenant", school, 1),
        ("course", course, 1),
        ("course", course, 1),
        ("class", own, 1),
        ("class", own, 1),
        ("class", own, 2),
    ]
    assert book.price_on(date(2026, 8, 31), CLASS, COURSE) is None
    assert book.price_on(SEPTEMBER, uuid7(), None) == book.price_on(SEPTEMBER, CLASS, None)
