"""An enrolment is an agreement: it starts, changes and ends with it."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel

from billing.agreements.commands import change_agreement_dates, end_agreement, start_agreement
from shared.reactions import Act, Fact, when


class StudentEnrolled(BaseModel, frozen=True):
    enrolment_id: UUID
    person_id: UUID
    course_id: UUID | None
    begin_on: date | None
    end_on: date | None


class StudentWithdrawn(BaseModel, frozen=True):
    enrolment_id: UUID
    on: date


class EnrollmentDatesChanged(BaseModel, frozen=True):
    enrolment_id: UUID
    begin_on: date | None
    end_on: date | None


@when("academic.student_enrolled", name="billing.agreement-for-enrolment", apart="enrolment_id")
async def when_student_enrolled(fact: Fact[StudentEnrolled], act: Act) -> None:
    told = fact.data
    await start_agreement(
        act.store,
        act.call,
        told.enrolment_id,
        told.person_id,
        fact.aggregate_id,
        told.course_id,
        told.begin_on,
        told.end_on,
        fact.event_id,
    )


@when("academic.student_withdrawn", name="billing.agreement-ends-with-enrolment", apart="enrolment_id")
async def when_student_withdrawn(fact: Fact[StudentWithdrawn], act: Act) -> None:
    await end_agreement(act.store, act.call, fact.data.enrolment_id, fact.data.on, fact.event_id)


@when("academic.enrollment_dates_changed", name="billing.agreement-dates-follow-enrolment", apart="enrolment_id")
async def when_enrollment_dates_changed(fact: Fact[EnrollmentDatesChanged], act: Act) -> None:
    told = fact.data
    await change_agreement_dates(act.store, act.call, told.enrolment_id, told.begin_on, told.end_on, fact.event_id)
