"""HTTP of credit notes: proposals, approval, issue, rejection."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter

from billing.credit_notes.commands import approve_credit_note, issue_credit_note, reject_proposal
from billing.credit_notes.credit_note import NotApproved, ProposalDecided
from billing.credit_notes.credit_notes import (
    CreditNoteRow,
    CreditNotes,
    credit_note_of,
    credit_notes_of,
    proposals_of,
)
from billing.invoices.invoice import CreditExceedsInvoice
from billing.issuers.commands import SchoolNotReady
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["credit notes"])


class RejectionRequest(Request):
    reason: Literal["settled_otherwise", "disputed", "entered_by_mistake"]


@router.get("/proposals", responses=problems())
async def get_proposals(page: Page, caller: Annotated[Caller, may("invoices.read")]) -> Answer[list[CreditNoteRow]]:
    """Credit notes that wait for a person: a mark or a date was corrected after the invoice."""
    after = page.after(int)
    async with caller.reading(CreditNotes) as read:
        rows = await proposals_of(read, after[0] if after else None, page.limit + 1)
    return caller.page(rows, "Proposals", read, page, lambda row: (row.position,))


@router.get("/credit-notes", responses=problems())
async def get_credit_notes(page: Page, caller: Annotated[Caller, may("invoices.read")]) -> Answer[list[CreditNoteRow]]:
    """Credit notes in every state, newest first."""
    before = page.after(int)
    async with caller.reading(CreditNotes) as read:
        rows = await credit_notes_of(read, before[0] if before else None, page.limit + 1)
    return caller.page(rows, "Credit notes", read, page, lambda row: (row.position,))


@router.get("/credit-notes/{credit_note_id}", responses=problems(NotFound))
async def get_credit_note(
    credit_note_id: UUID, caller: Annotated[Caller, may("invoices.read")]
) -> Answer[CreditNoteRow]:
    """One credit note with the items that it takes back."""
    async with caller.reading(CreditNotes) as read:
        row = await credit_note_of(read, credit_note_id)
    if row is None:
        raise NotFound
    return caller.answer(row, "Credit note", read)


@router.post("/credit-notes/{credit_note_id}/approve", responses=problems(NotFound, ProposalDecided))
async def post_approval(
    credit_note_id: UUID, caller: Annotated[Caller, may("credit-notes.approve", money=True)]
) -> Answer[Receipt]:
    """Approve a proposal. It is not a document before it is issued."""
    saved = await approve_credit_note(caller.store, caller.call, credit_note_id)
    return caller.accepted(saved, "Credit note approved")


@router.post(
    "/credit-notes/{credit_note_id}/issue",
    responses=problems(NotFound, NotApproved, ProposalDecided, CreditExceedsInvoice, SchoolNotReady),
)
async def post_issue(
    credit_note_id: UUID, caller: Annotated[Caller, may("credit-notes.issue", money=True)]
) -> Answer[Receipt]:
    """Issue an approved credit note: it gets the next number and never changes again."""
    saved = await issue_credit_note(caller.store, caller.call, credit_note_id)
    return caller.accepted(saved, "Credit note issued")


@router.post("/credit-notes/{credit_note_id}/reject", responses=problems(NotFound, ProposalDecided))
async def post_rejection(
    credit_note_id: UUID,
    body: RejectionRequest,
    caller: Annotated[Caller, may("credit-notes.approve", money=True)],
) -> Answer[Receipt]:
    """Reject a proposal: the invoice stays as it is."""
    saved = await reject_proposal(caller.store, caller.call, credit_note_id, body.reason)
    return caller.accepted(saved, "Proposal rejected")
