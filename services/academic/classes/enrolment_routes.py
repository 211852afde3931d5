"""Students and teachers of a class over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from academic.classes.commands import (
    assign_teacher,
    change_enrolment_dates,
    enrol_student,
    unassign_teacher,
    withdraw_student,
)
from academic.classes.own_classes import OWN_CLASSES, own_class, today
from academic.classes.refusals import (
    AlreadyEnrolled,
    ClassIsClosed,
    DatesReversed,
    EnrolmentEnded,
    EnrolmentUnknown,
    PrimaryTeacherExists,
    SeatsTaken,
)
from academic.classes.roster import Roster, RosterLine, roster_of
from academic.classes.seats import Assignment, Enrolment
from academic.fields import Day, Flag, Instant
from academic.people.directory import Directory, names_of
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.calls import Saved
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["enrolments"])

KnownAt = Annotated[
    Annotated[int, Field(ge=0, lt=2**63)] | Instant | None,
    Field(union_mode="left_to_right"),
    Query(description="Ask what was known at this position, or at this instant (with offset)"),
]


class NewEnrolment(Request):
    """Half-open: in from `begin_on` on, out on `end_on`. null: without bound."""

    person_id: UUID
    begin_on: Day | None
    end_on: Day | None = None


class EnrolmentDates(Request):
    begin_on: Day | None
    end_on: Day | None


class Withdrawal(Request):
    """`on` is the first day without the student or teacher."""

    on: Day


class NewAssignment(Request):
    person_id: UUID
    primary: Flag = False
    begin_on: Day | None = None
    end_on: Day | None = None


class EnrolmentReceipt(Receipt):
    """`id` and `version` are the class's."""

    enrolment_id: UUID


@router.post(
    "/classes/{class_id}/enrolments",
    status_code=201,
    responses=problems(NotFound, SeatsTaken, AlreadyEnrolled, DatesReversed, ClassIsClosed),
)
async def post_enrolment(
    class_id: UUID, body: NewEnrolment, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[EnrolmentReceipt]:
    """Enrol a student from a day to a day. Refused when there is no seat on any of these days."""
    stay = Enrolment(body.person_id, body.begin_on, body.end_on)
    saved = await enrol_student(caller.store, caller.call, class_id, uuid7(), stay)
    return _receipt(caller, saved, "Student enrolled")


@router.post(
    "/classes/{class_id}/enrolments/{enrolment_id}/dates",
    responses=problems(NotFound, EnrolmentUnknown, SeatsTaken, AlreadyEnrolled, DatesReversed, ClassIsClosed),
)
async def post_enrolment_dates(
    class_id: UUID,
    enrolment_id: UUID,
    body: EnrolmentDates,
    caller: Annotated[Caller, may("enrolments.write")],
) -> Answer[Receipt]:
    """Change from when to when a student is enrolled. Brings a withdrawn student back."""
    saved = await change_enrolment_dates(caller.store, caller.call, class_id, enrolment_id, body.begin_on, body.end_on)
    return caller.accepted(saved, "Enrolment dates changed")


@router.post(
    "/classes/{class_id}/enrolments/{enrolment_id}/withdrawal",
    responses=problems(NotFound, EnrolmentUnknown, EnrolmentEnded),
)
async def post_withdrawal(
    class_id: UUID,
    enrolment_id: UUID,
    body: Withdrawal,
    caller: Annotated[Caller, may("enrolments.write")],
) -> Answer[Receipt]:
    """Withdraw a student from a day on."""
    saved = await withdraw_student(caller.store, caller.call, class_id, enrolment_id, body.on)
    return caller.accepted(saved, "Student withdrawn")


@router.post(
    "/classes/{class_id}/teachers",
    status_code=201,
    responses=problems(NotFound, PrimaryTeacherExists, AlreadyEnrolled, DatesReversed, ClassIsClosed),
)
async def post_teacher(
    class_id: UUID, body: NewAssignment, caller: Annotated[Caller, may("enrolments.write", creates=True)]
) -> Answer[EnrolmentReceipt]:
    """Assign a teacher. There is at most one primary teacher at a time."""
    stay = Assignment(body.person_id, body.begin_on, body.end_on, body.primary)
    saved = await assign_teacher(caller.store, caller.call, class_id, uuid7(), stay)
    return _receipt(caller, saved, "Teacher assigned")


@router.post(
    "/classes/{class_id}/teachers/{enrolment_id}/removal",
    responses=problems(NotFound, EnrolmentUnknown),
)
async def post_teacher_removal(
    class_id: UUID,
    enrolment_id: UUID,
    body: Withdrawal,
    caller: Annotated[Caller, may("enrolments.write")],
) -> Answer[Receipt]:
    """Take a teacher off the class from a day on."""
    saved = await unassign_teacher(caller.store, caller.call, class_id, enrolment_id, body.on)
    return caller.accepted(saved, "Teacher unassigned")


@router.get("/classes/{class_id}/roster", responses=problems(NotFound))
async def get_roster(
    class_id: UUID,
    caller: Annotated[Caller, may("enrolments.read", rule=OWN_CLASSES)],
    as_of: Annotated[Day | None, Query(description="Who was in the class on this day (today, UTC)")] = None,
    known_at: KnownAt = None,
) -> Answer[list[RosterLine]]:
    """The roster with two clocks: as it was on a day, and as we believed it at a time."""
    await caller.decide(own_class(class_id))
    async with caller.reading(Roster) as read:
        lines = await roster_of(read, class_id, as_of or today(caller), known_at)
    async with caller.reading(Directory) as people:
        names = await names_of(people, caller.keyring, [line.person_id for line in lines])
    named = [
        line.model_copy(update=names[line.person_id].model_dump(exclude={"id"})) if line.person_id in names else line
        for line in lines
    ]
    return caller.answer(named, "Roster", read)


def _receipt(caller: Caller, saved: Saved, message: str) -> Answer[EnrolmentReceipt]:
    receipt = caller.accepted(saved, message).data
    enrolment_id = UUID(saved.reply["enrolment_id"])
    return Answer(data=EnrolmentReceipt(**dict(receipt), enrolment_id=enrolment_id), message=message)
