"""The school as a whole over HTTP."""

from typing import Annotated

from fastapi import APIRouter

from academic.schools.summary import SchoolSummary, Summary, summary_of
from shared.answers import Answer
from shared.caller import Caller, may

router = APIRouter(tags=["school"])


@router.get("/summary")
async def get_summary(caller: Annotated[Caller, may("school.read")]) -> Answer[SchoolSummary]:
    """The school in one row: people, classes, enrolments, meetings, marks."""
    async with caller.reading(Summary) as read:
        summary = await summary_of(read)
    return caller.answer(summary, "School", read)
