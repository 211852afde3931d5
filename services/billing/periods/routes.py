"""HTTP of marks that wait for a price."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from billing.periods.marks import Marks, UnpricedMark, unpriced_marks
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.problems import problems

router = APIRouter(tags=["charges"])


@router.get("/unpriced-marks", responses=problems())
async def get_unpriced_marks(page: Page, caller: Annotated[Caller, may("invoices.read")]) -> Answer[list[UnpricedMark]]:
    """Billable marks without a plan in force on their day. They become items when one is assigned."""
    after = page.after(date, UUID, UUID)
    async with caller.reading(Marks) as read:
        rows = await unpriced_marks(read, after, page.limit + 1)
    return caller.page(rows, "Unpriced marks", read, page, lambda row: (row.held_on, row.period_id, row.meeting_id))
