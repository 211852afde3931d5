"""A mark becomes a charge, a corrected mark another one; a new price reaches the marks it is for."""

import asyncio
from collections.abc import Sequence
from datetime import date
from uuid import UUID

from pydantic import BaseModel

from billing.agreements.agreement import Agreement
from billing.periods.charges import Attended
from billing.periods.commands import StudentMark, charge_marks, price_again
from billing.periods.marks import Marks, periods_of_agreement, periods_of_plan, periods_of_target
from billing.plans.fee_plan import FeePlan
from billing.plans.plan_assignment import PlanAssignment
from billing.plans.pricing import open_price_book
from shared.reactions import Act, Fact, when

SIDE_BY_SIDE = 8


class Mark(BaseModel, frozen=True):
    enrolment_id: UUID
    person_id: UUID
    code: str
    code_version: int
    billable: bool


class AttendanceMarked(BaseModel, frozen=True):
    class_id: UUID
    meeting_id: UUID
    course_id: UUID | None
    held_on: date
    minutes: int
    marks: tuple[Mark, ...]


class AttendanceCorrected(BaseModel, frozen=True):
    class_id: UUID
    meeting_id: UUID
    course_id: UUID | None
    held_on: date
    minutes: int
    after: Mark


@when("academic.attendance_marked", name="billing.charges-for-marks")
async def when_attendance_marked(fact: Fact[AttendanceMarked], act: Act) -> None:
    told = fact.data
    marks = [student_mark(told, mark, fact.event_id) for mark in told.marks if mark.billable]
    if marks:
        await _charge(act, marks)


@when("academic.attendance_corrected", name="billing.charge-for-corrected-mark")
async def when_attendance_corrected(fact: Fact[AttendanceCorrected], act: Act) -> None:
    await _charge(act, [student_mark(fact.data, fact.data.after, fact.event_id)])


@when(PlanAssignment.PlanAssigned, name="billing.prices-for-assigned-plan")
async def when_plan_assigned(fact: Fact[PlanAssignment.PlanAssigned], act: Act) -> None:
    told = fact.data
    async with act.reading(Marks) as read:
        periods = await periods_of_target(read, told.scope, told.target_id, told.effective_on)
    await _price_again(act, periods, told.effective_on)


@when(FeePlan.VersionPublished, name="billing.prices-for-plan-version")
async def when_plan_version_published(fact: Fact[FeePlan.VersionPublished], act: Act) -> None:
    async with act.reading(Marks) as read:
        periods = await periods_of_plan(read, fact.aggregate_id, fact.data.effective_on)
    await _price_again(act, periods, fact.data.effective_on)


@when(Agreement.Started, name="billing.prices-for-started-agreement", apart="enrolment_id")
async def when_agreement_started(fact: Fact[Agreement.Started], act: Act) -> None:
    async with act.reading(Marks) as read:
        periods = await periods_of_agreement(read, fact.aggregate_id)
    await _price_again(act, periods, date.min)


async def _charge(act: Act, marks: list[StudentMark]) -> None:
    """A plan assigned while these marks were being charged may have missed them: so prices are compared after
    they are stored. A repeated run cannot know what the first one saw, and looks the prices up again."""
    target = {(marks[0].class_id, marks[0].course_id)}
    before = await open_price_book(act.store, act.call.tenant_id, target)
    saved = await charge_marks(act.store, act.call, marks)
    if saved.replayed or before != await open_price_book(act.store, act.call.tenant_id, target):
        await _price_again(act, saved.ids, marks[0].held_on)


async def _price_again(act: Act, periods: Sequence[UUID], since: date) -> None:
    """One save per period, each with its own key, so that a repeated run does what the first one left."""
    for n in range(0, len(periods), SIDE_BY_SIDE):
        await asyncio.gather(
            *(
                price_again(act.store, act.call.step(f"price {period_id}"), period_id, since)
                for period_id in periods[n : n + SIDE_BY_SIDE]
            )
        )


def student_mark(told: AttendanceMarked | AttendanceCorrected, mark: Mark, event_id: UUID) -> StudentMark:
    attended = Attended(
        told.meeting_id,
        told.class_id,
        told.course_id,
        told.held_on,
        told.minutes,
        mark.code,
        mark.code_version,
        event_id,
    )
    return StudentMark(
        mark.enrolment_id,
        mark.person_id,
        told.class_id,
        told.course_id,
        told.held_on,
        attended.key,
        event_id,
        attended if mark.billable else None,
    )
