"""HTTP of agreements."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from billing.agreements.agreements import AgreementRow, Agreements, agreements_of
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.problems import problems

router = APIRouter(tags=["agreements"])


@router.get("/agreements", responses=problems())
async def get_agreements(
    page: Page,
    caller: Annotated[Caller, may("accounts.read")],
    needs_payer: Annotated[bool | None, Query(description="Only those without, or with, a payer")] = None,
) -> Answer[list[AgreementRow]]:
    """Who is charged for which class, and who pays."""
    after = page.after(UUID)
    async with caller.reading(Agreements) as read:
        rows = await agreements_of(read, after[0] if after else None, page.limit + 1, needs_payer)
    return caller.page(rows, "Agreements", read, page, lambda row: (row.id,))
