"""HTTP of the summary."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from billing.summaries.summary import Summary, Totals, totals_of, waits_of
from shared.answers import Answer
from shared.caller import Caller, may
from shared.problems import problems

router = APIRouter(tags=["summary"])


class SummaryAnswer(BaseModel):
    """One entry a currency, and how many things wait for a person."""

    totals: list[Totals]
    unpriced_marks: int
    proposals: int
    drafts: int


@router.get("/summary", responses=problems())
async def get_summary(caller: Annotated[Caller, may("invoices.read")]) -> Answer[SummaryAnswer]:
    """The school's money in one look, for dashboards."""
    async with caller.reading(Summary) as read:
        totals, waits = await totals_of(read), await waits_of(read)
    return caller.answer(SummaryAnswer(totals=totals, **vars(waits)), "Summary", read)
