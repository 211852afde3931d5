"""A school's policy of make-up lessons over HTTP."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from academic.rules.attendance_rules import MakeUpPolicy
from academic.rules.commands import rules_of, set_make_up_policy
from shared.answers import Answer, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["make-up lessons"])

Hours = Annotated[int, Field(ge=0, le=8760, strict=True)]


class PolicyBody(Request):
    """`days_valid`: how many days after the missed lesson a credit can be used. `absence_notice_hours`: so long before
    the lesson its absence must have been notified, 0: whenever. `cancel_notice_hours`: so long before the make-up
    lesson a cancelled booking gives the credit back."""

    days_valid: Annotated[int, Field(ge=1, le=3660, strict=True)]
    absence_notice_hours: Hours
    cancel_notice_hours: Hours


class PolicyShown(BaseModel):
    days_valid: int
    absence_notice_hours: int
    cancel_notice_hours: int


@router.get("/make-up-policy")
async def get_make_up_policy(caller: Annotated[Caller, may("school.read")]) -> Answer[PolicyShown]:
    """What a missed lesson gives: for how long, and at which notice."""
    rules = await rules_of(caller.store, caller.call)
    return caller.answer(PolicyShown(**vars(rules.make_up)), "Make-up policy")


@router.post("/make-up-policy", responses=problems(NotFound))
async def post_make_up_policy(body: PolicyBody, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Decide it anew. Credits and bookings that are there stay as they are."""
    saved = await set_make_up_policy(caller.store, caller.call, MakeUpPolicy(**dict(body)))
    return caller.accepted(saved, "Make-up policy set")
