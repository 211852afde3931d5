"""Decisions of a charge period, and what is settled over a chain of them."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from billing.money import Money
from billing.periods.charge_period import ChargePeriod, PeriodIsClosed, period_id
from billing.periods.charges import Attended, Charge
from billing.periods.settlement import Outcome, Owed, settle
from billing.plans.tariff import Component, PlanVersion, Price
from billing.rating import meeting_charges
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 30, 8, tzinfo=UTC)
TENANT, AGREEMENT, CLASS, PLAN, MEETING = uuid7(), uuid7(), uuid7(), uuid7(), uuid7()
MARKED, CORRECTED, AGAIN, INVOICE, ACCOUNT = uuid7(), uuid7(), uuid7(), uuid7(), uuid7()
PRICE, NOTHING = Money(2000, "EUR"), Money(0, "EUR")


def mark(event_id: UUID = MARKED, code: str = "P") -> Attended:
    return Attended(MEETING, CLASS, None, date(2026, 9, 7), 60, code, 1, event_id)


def charges(event_id: UUID = MARKED, code: str = "P", price: Money = PRICE) -> tuple[Charge, ...]:
    version = PlanVersion(1, date(2026, 9, 1), (Component("Lesson", "per_meeting", price),))
    return meeting_charges(mark(event_id, code), Price("class", PLAN, "Piano", version))


KEY, FLAT = mark().key, "flat:2026-09"


def present(event_id: UUID = CORRECTED) -> Owed:
    return Owed(KEY, event_id, charges(event_id))


def absent(event_id: UUID = CORRECTED) -> Owed:
    return Owed(KEY, event_id)


def opened(month: str = "2026-09") -> ChargePeriod:
    return ChargePeriod(
        id=period_id(AGREEMENT, month),
        tenant_id=TENANT,
        agreement_id=AGREEMENT,
        enrolment_id=uuid7(),
        student_id=uuid7(),
        class_id=CLASS,
        month=month,
        timestamp=NOW,
    )


def charged(month: str = "2026-09") -> ChargePeriod:
    period = opened(month)
    period.replace(KEY, charges(), MARKED, NOW)
    return period


def waiting() -> ChargePeriod:
    period = opened()
    period.leave_unpriced(mark(), "no_plan", NOW)
    return period


def closed(month: str = "2026-09") -> ChargePeriod:
    period = charged(month)
    period.close(INVOICE, ACCOUNT, (), (), NOW)
    return period


def test_B3_a_billable_mark_becomes_one_item() -> None:
    given(opened()).when(lambda p: p.replace(KEY, charges(), MARKED, NOW)).then(
        ChargePeriod.BillableItemRecorded, charge=charges()[0]
    )


def test_recording_the_same_mark_again_changes_nothing() -> None:
    given(charged()).when(lambda p: p.replace(KEY, charges(), MARKED, NOW)).then_nothing()


def test_an_item_is_reversed_when_the_mark_is_corrected_in_an_open_period() -> None:
    given(charged()).when(lambda p: p.replace(KEY, (), CORRECTED, NOW)).then(
        ChargePeriod.BillableItemReversed, key=KEY, amount=PRICE, source_event_id=CORRECTED
    )


def test_another_billable_code_reverses_the_item_and_records_a_new_one() -> None:
    given(charged()).when(lambda p: p.replace(KEY, charges(CORRECTED, "L"), CORRECTED, NOW)).then_events(
        ChargePeriod.BillableItemReversed, ChargePeriod.BillableItemRecorded
    )


def test_a_mark_without_a_plan_waits_and_waits_once() -> None:
    given(opened()).when(lambda p: p.leave_unpriced(mark(), "no_plan", NOW)).then(
        ChargePeriod.MarkLeftUnpriced, mark=mark(), reason="no_plan"
    )
    given(waiting()).when(lambda p: p.leave_unpriced(mark(), "no_plan", NOW)).then_nothing()


def test_a_waiting_mark_becomes_an_item_when_a_plan_is_there() -> None:
    given(waiting()).when(lambda p: p.replace(KEY, charges(), MARKED, NOW)).then_events(
        ChargePeriod.BillableItemRecorded
    )
    priced = waiting()
    priced.replace(KEY, charges(), MARKED, NOW)
    assert priced.waiting == {}


def test_a_waiting_mark_that_is_corrected_away_is_dropped() -> None:
    given(waiting()).when(lambda p: p.replace(KEY, (), CORRECTED, NOW)).then(ChargePeriod.UnpricedMarkDropped, key=KEY)


def test_a_closed_period_takes_no_item_and_is_closed_once() -> None:
    given(closed()).when(lambda p: p.replace("flat:2026-09", charges(), MARKED, NOW)).then_refused(PeriodIsClosed)
    given(closed()).when(lambda p: p.leave_unpriced(mark(), "no_plan", NOW)).then_refused(PeriodIsClosed)
    given(closed()).when(lambda p: p.close(INVOICE, ACCOUNT, (), (), NOW)).then_refused(PeriodIsClosed)


def test_B22_a_mark_corrected_away_after_the_invoice_leads_to_a_proposal_for_its_price() -> None:
    home, following = closed(), opened("2026-10")
    outcome = settle([home, following], absent(), NOW)
    assert [(p.amount, p.key, p.source_event_id) for p in outcome.proposals] == [(PRICE, KEY, CORRECTED)]
    assert [item.charge for item in outcome.proposals[0].items] == list(charges())
    assert following.standing() == []
    assert home.billed == {KEY: PRICE}


def test_B22_the_same_correction_twice_makes_one_proposal() -> None:
    home = closed()
    settle([home, opened("2026-10")], absent(), NOW)
    assert settle([home, opened("2026-10")], absent(), NOW) == Outcome()


def test_a_correction_taken_back_before_the_decision_takes_the_proposal_back() -> None:
    home = closed()
    (proposal,) = settle([home, opened("2026-10")], absent(), NOW).proposals
    outcome = settle([home, opened("2026-10")], present(AGAIN), NOW)
    assert outcome == Outcome((), (proposal.proposal_id,))
    assert home.pending == {}


def test_a_correction_taken_back_after_the_credit_note_is_charged_in_the_next_open_period() -> None:
    home, following = closed(), opened("2026-10")
    (proposal,) = settle([home, following], absent(), NOW).proposals
    home.settle(KEY, proposal.proposal_id, PRICE, NOW)
    assert settle([home, following], present(AGAIN), NOW) == Outcome()
    assert [(i.charge.month, i.charge.amount) for i in following.standing()] == [("2026-09", PRICE)]
    assert home.moved == {KEY: "2026-10"}


def test_a_rejected_proposal_is_not_made_again_by_going_back() -> None:
    home = closed()
    (proposal,) = settle([home, opened("2026-10")], absent(), NOW).proposals
    home.settle(KEY, proposal.proposal_id, NOTHING, NOW)
    assert settle([home, opened("2026-10")], present(AGAIN), NOW) == Outcome()
    assert home.billed == {KEY: PRICE}


def test_a_mark_that_comes_after_the_invoice_is_charged_in_the_next_open_period() -> None:
    home, following = opened(), opened("2026-10")
    home.close(INVOICE, ACCOUNT, (), (), NOW)
    settle([home, following], Owed(KEY, MARKED, charges()), NOW)
    assert [i.charge.month for i in following.standing()] == ["2026-09"]


def test_a_charge_carried_on_is_credited_where_it_was_invoiced() -> None:
    home, following = opened(), opened("2026-10")
    home.close(INVOICE, ACCOUNT, (), (), NOW)
    settle([home, following], Owed(KEY, MARKED, charges()), NOW)
    second = uuid7()
    following.close(second, ACCOUNT, (), (), NOW)
    (proposal,) = settle([home, following, opened("2026-11")], absent(), NOW).proposals
    assert proposal.period.invoice_id == second


def test_what_stands_on_two_invoices_is_credited_from_the_youngest_first() -> None:
    first, second, following = closed(), opened("2026-10"), opened("2026-11")
    first.billed = {FLAT: Money(3000, "EUR")}
    first.items = {FLAT: first.items[KEY]}
    second.replace(FLAT, [replace(charges()[0], key=FLAT, amount=Money(3000, "EUR"))], MARKED, NOW)
    second.close(uuid7(), ACCOUNT, (), (), NOW)
    part = replace(charges()[0], key=FLAT, kind="flat", mark=None, amount=Money(1000, "EUR"))
    outcome = settle([first, second, following], Owed(FLAT, CORRECTED, (part,)), NOW)
    assert [(one.period.month, one.amount.amount) for one in outcome.proposals] == [
        ("2026-10", 3000),
        ("2026-09", 2000),
    ]
    assert following.standing() == []


def test_an_invoiced_mark_keeps_its_price_when_another_billable_code_comes() -> None:
    home, following = closed(), opened("2026-10")
    dearer = charges(CORRECTED, "L", Money(9900, "EUR"))
    assert settle([home, following], Owed(KEY, CORRECTED, dearer), NOW) == Outcome()
    assert settle([home, following], Owed(KEY, CORRECTED, (), mark(CORRECTED), "no_plan"), NOW) == Outcome()
    assert following.standing() == []
    assert following.waiting == {}


def test_a_decision_is_settled_once() -> None:
    def proposed() -> ChargePeriod:
        home = closed()
        settle([home, opened("2026-10")], absent(), NOW)
        return home

    proposal_id = proposed().pending[KEY][0]
    given(proposed()).when(lambda p: p.settle(KEY, proposal_id, PRICE, NOW)).then(
        ChargePeriod.CorrectionSettled, credited=PRICE
    )
    given(proposed()).when(lambda p: p.settle(KEY, uuid7(), PRICE, NOW)).then_nothing()


def test_a_mark_that_waits_in_a_closed_period_is_charged_later_when_a_plan_is_there() -> None:
    home, between, following = waiting(), opened("2026-10"), opened("2026-11")
    home.close(INVOICE, ACCOUNT, (), (), NOW)
    between.close(uuid7(), ACCOUNT, (), (), NOW)
    unpriced = Owed(KEY, MARKED, (), mark(), "no_plan")
    settle([home, between, following], unpriced, NOW)
    assert list(home.waiting) == [KEY]
    settle([home, between, following], Owed(KEY, MARKED, charges()), NOW)
    assert home.waiting == {}
    assert [i.charge.month for i in following.standing()] == ["2026-09"]


def test_a_mark_that_waits_in_a_closed_period_and_is_corrected_away_is_dropped() -> None:
    home = waiting()
    home.close(INVOICE, ACCOUNT, (), (), NOW)
    settle([home, opened("2026-10")], absent(), NOW)
    assert home.waiting == {}
