"""Marks become charges: with the worker's reactions, on a real PostgreSQL."""

import asyncio
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import orjson

from billing.periods.charges import Attended
from billing.periods.ledger import Ledger, Place
from billing.periods.reactions import when_attendance_marked
from billing.service import SERVICE
from shared.calls import Call
from shared.ids import uuid7
from shared.reactions import Act, call_of
from shared.records import Record


async def test_F1_a_registered_school_gets_issuer_series_and_a_plan_without_a_price(desk: Any) -> None:
    assert await desk.events() == [
        "issuer_registered",
        "series_opened",
        "series_opened",
        "fee_plan_drafted",
    ]
    (plan,) = await desk.got("/plans")
    assert (plan["currency"], plan["versions"]) == ("EUR", [])
    body = {"scope": "tenant", "plan_id": plan["id"], "effective_on": "2026-09-01"}
    assert await desk.refused("/plan-assignments", body) == (409, "plan-not-in-force")


async def test_F3_an_enrolment_starts_an_agreement_that_needs_a_payer(desk: Any) -> None:
    ann, ben = await desk.enrolled(), await desk.enrolled()
    await desk.account(ann.student_id)
    waiting = await desk.got("/agreements", needs_payer=True)
    assert [(one["student_id"], one["account_id"]) for one in waiting] == [(str(ben.student_id), None)]
    assert len(await desk.got("/agreements")) == 2


async def test_F4_R0_9_a_class_of_30_is_charged_in_one_append(desk: Any) -> None:
    await desk.priced()
    everybody = [await desk.enrolled() for _ in range(30)]
    before = len(await desk.events())
    await desk.mark({one: n % 10 != 0 for n, one in enumerate(everybody)})
    recorded = (await desk.events())[before:]
    assert recorded == ["period_opened", "billable_item_recorded"] * 27
    (summary,) = (await desk.got("/summary"))["totals"]
    assert summary["open"] == {"amount": 27 * 2000, "currency": "EUR"}


async def test_F4_the_same_mark_told_twice_is_charged_once(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    meeting, event_id = uuid7(), uuid7()
    told = {**desk.lesson(meeting, "2026-09-07"), "marks": [ann.mark("P", True)]}
    record = await desk.tell("attendance_marked", uuid7(), event_id=event_id, **told)
    before = await desk.events()
    await desk.it.deliver("academic", record)
    await react_again(desk, record)
    await desk.tell("attendance_marked", uuid7(), event_id=event_id, **told)
    assert await desk.events() == before


async def react_again(desk: Any, record: Record) -> None:
    """As after a crash between the effect and the position."""
    fact = when_attendance_marked.handler.reader(desk.it.kernel.codec)(record)
    await when_attendance_marked.handler.function(fact, Act(desk.it.kernel, call_of(when_attendance_marked, fact)))


async def test_B1_the_plan_of_the_day_of_the_lesson_gives_the_price(desk: Any) -> None:
    plan = await desk.plan(("per_meeting", 2000))
    await desk.publish(plan, ("per_meeting", 2500), since="2026-09-14")
    await desk.assign(plan, "tenant")
    ann = await desk.enrolled()
    for day in ("2026-09-07", "2026-09-14"):
        await desk.mark({ann: True}, day)
    lines = (await desk.preview(await desk.account(ann.student_id)))["lines"]
    assert [(one["plan_version"], one["amount"]["amount"]) for one in lines] == [(1, 2000), (2, 2500)]


async def test_a_mark_without_a_plan_waits_and_becomes_one_item_when_a_plan_is_assigned(desk: Any) -> None:
    ann = await desk.enrolled()
    await desk.mark({ann: True}, "2026-09-07")
    await desk.mark({ann: True}, "2026-09-21")
    (first, second) = await desk.got("/unpriced-marks")
    assert (first["held_on"], first["reason"], second["held_on"]) == ("2026-09-07", "no_plan", "2026-09-21")
    plan = await desk.plan(("per_meeting", 2000))
    await desk.assign(plan, "course", since="2026-09-14")
    assert [one["held_on"] for one in await desk.got("/unpriced-marks")] == ["2026-09-07"]
    await desk.assign(plan, "tenant", since="2026-09-01")
    assert await desk.got("/unpriced-marks") == []
    account = await desk.account(ann.student_id)
    assert (await desk.preview(account))["totals"] == [{"amount": 4000, "currency": "EUR"}]
    assert (await desk.events()).count("billable_item_recorded") == 2
    assert (await desk.got("/summary"))["unpriced_marks"] == 0


async def test_marks_and_a_plan_that_come_at_the_same_moment_lose_nothing(desk: Any) -> None:
    ann = await desk.enrolled()
    plan = await desk.plan(("per_meeting", 2000))

    async def mark() -> None:
        for day in range(7, 13):
            await desk.mark({ann: True}, f"2026-09-{day:02}")

    body = {"scope": "class", "target_id": str(desk.class_id), "plan_id": plan, "effective_on": "2026-09-01"}

    async def assign() -> None:
        await asyncio.sleep(0)
        headers = desk.it.headers(desk.tenant_id)
        await desk.it.client.post("/plan-assignments", json=body, headers=headers)

    await asyncio.gather(mark(), assign())
    await desk.it.settle()
    assert await desk.got("/unpriced-marks") == []
    preview = await desk.preview(await desk.account(ann.student_id))
    assert preview["totals"] == [{"amount": 6 * 2000, "currency": "EUR"}]


async def test_a_mark_that_was_charged_by_an_old_price_list_is_priced_when_its_reaction_runs_again(
    desk: Any,
) -> None:
    """The reaction read the plans, then a plan was assigned, then the mark was stored; then the worker died."""
    ann = await desk.enrolled()
    told = {**desk.lesson(uuid7(), "2026-09-07"), "marks": [ann.mark("P", False)]}
    record = await desk.tell("attendance_marked", uuid7(), **told)
    await desk.priced()
    (agreement,) = await desk.got("/agreements")
    place = Place(UUID(agreement["id"]), ann.enrolment_id, ann.student_id, desk.class_id, "2026-09")
    ledger = Ledger(desk.it.kernel.store, desk.tenant_id, datetime.now(UTC))
    (period,) = await ledger.periods([place])
    day, event_id = date(2026, 9, 7), uuid7()
    stale = Attended(uuid7(), desk.class_id, desk.course_id, day, 60, "P", 1, event_id)
    period.leave_unpriced(stale, "no_plan", datetime.now(UTC))
    billable = {**told, "marks": [ann.mark("P", True)]}
    again = record._replace(state=replaced(record.state, billable, event_id))
    await ledger.save(call=reaction_call(desk, again))
    await desk.it.settle()
    assert len(await desk.got("/unpriced-marks")) == 1
    await react_again(desk, again)
    await desk.it.settle()
    assert await desk.got("/unpriced-marks") == []


def replaced(state: bytes, data: dict[str, Any], event_id: UUID) -> bytes:
    stored = orjson.loads(state)
    stored["meta"]["event_id"] = str(event_id)
    return orjson.dumps({"meta": stored["meta"], "data": data}, default=str)


def reaction_call(desk: Any, record: Record) -> Call:
    return call_of(when_attendance_marked, when_attendance_marked.handler.reader(desk.it.kernel.codec)(record))


async def test_a_plan_assigned_for_past_days_prices_open_months_again_and_invoiced_ones_never(
    desk: Any,
) -> None:
    await desk.assign(await desk.plan(("per_meeting", 2000)), "tenant")
    ann = await desk.enrolled()
    await desk.mark({ann: True}, "2026-09-07")
    await desk.mark({ann: True}, "2026-10-05")
    account = await desk.account(ann.student_id)
    await desk.issued(account, "2026-09")
    await desk.assign(await desk.plan(("per_meeting", 3000)), "class")
    (line,) = (await desk.preview(account, "2026-10"))["lines"]
    assert (line["month"], line["amount"]["amount"]) == ("2026-10", 3000)
    assert await desk.got("/proposals") == []


async def test_a_mark_that_a_monthly_price_includes_is_charged_when_a_price_per_meeting_comes(
    desk: Any,
) -> None:
    await desk.assign(await desk.plan(("monthly", 6000)), "tenant")
    ann = await desk.enrolled()
    await desk.mark({ann: True})
    assert await desk.got("/unpriced-marks") == []
    account = await desk.account(ann.student_id)
    assert [one["kind"] for one in (await desk.preview(account))["lines"]] == ["flat"]
    await desk.assign(await desk.plan(("per_meeting", 2000)), "class")
    assert [one["kind"] for one in (await desk.preview(account))["lines"]] == ["meeting"]


async def test_a_mark_before_its_agreement_waits_for_it(desk: Any) -> None:
    await desk.priced()
    enrolment, student = uuid7(), await desk.student()
    mark = {"enrolment_id": enrolment, "person_id": student, "code": "P", "code_version": 1}
    lesson = desk.lesson(uuid7(), "2026-09-07")
    marks = [{**mark, "present": True, "billable": True}]
    await desk.tell("attendance_marked", uuid7(), **lesson, marks=marks)
    assert [one["reason"] for one in await desk.got("/unpriced-marks")] == ["no_agreement"]
    await desk.tell(
        "student_enrolled",
        desk.class_id,
        enrolment_id=enrolment,
        person_id=student,
        course_id=None,
        begin_on=None,
        end_on=None,
    )
    assert await desk.got("/unpriced-marks") == []


async def test_F4_a_correction_in_an_open_month_reverses_the_item_and_nothing_is_proposed(desk: Any) -> None:
    await desk.priced()
    ann = await desk.enrolled()
    meeting = await desk.mark({ann: True})
    account = await desk.account(ann.student_id)
    await ann.correct(meeting, billable=False)
    assert (await desk.preview(account))["lines"] == []
    source = await ann.correct(meeting, billable=True)
    (line,) = (await desk.preview(account))["lines"]
    assert [item["source_event_id"] for item in line["items"]] == [str(source)]
    assert await desk.got("/proposals") == []


def test_every_reaction_has_a_name_of_this_service() -> None:
    assert all(reaction.name.startswith("billing.") for reaction in SERVICE.reactions)
    assert len({reaction.name for reaction in SERVICE.reactions}) == len(SERVICE.reactions)
