"""HTTP of billing accounts: open, change, link students, statement."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from billing.accounts.account import AccountKind, StudentHasPayer
from billing.accounts.accounts import AccountRow, Accounts, account_of, accounts_of
from billing.accounts.commands import (
    Payer,
    change_payer_details,
    link_student,
    open_account,
    unlink_student,
)
from billing.accounts.statement import Statement, StatementEntry, statement_of
from billing.fields import Email, Lines, Title
from billing.students.students import Students, students_of
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["accounts"])


class PayerRequest(Request):
    name: Title
    address: Lines | None = None
    email: Email | None = None

    def payer(self) -> Payer:
        return Payer(self.name, self.address, self.email)


class AccountRequest(PayerRequest):
    """`students` are the people whom the account pays for."""

    kind: AccountKind = "family"
    students: list[UUID] = Field([], max_length=100)


class LinkRequest(Request):
    student_id: UUID


class Account(BaseModel):
    """A payer who was erased has no name."""

    id: UUID
    kind: AccountKind
    name: str | None
    address: str | None
    email: str | None
    students: list[UUID]


@router.post("/accounts", status_code=201, responses=problems(NotFound, StudentHasPayer))
async def post_account(
    body: AccountRequest, caller: Annotated[Caller, may("accounts.write", creates=True)]
) -> Answer[Receipt]:
    """Open a billing account, for one student or for siblings."""
    await ensure_students(caller, body.students, "/students")
    students = tuple(body.students)
    saved = await open_account(caller.store, caller.call, caller.keyring, uuid7(), body.kind, body.payer(), students)
    return caller.accepted(saved, "Account opened")


@router.post("/accounts/{account_id}/payer-details", responses=problems(NotFound))
async def post_payer_details(
    account_id: UUID, body: PayerRequest, caller: Annotated[Caller, may("accounts.write")]
) -> Answer[Receipt]:
    """Change who pays. Issued documents keep the payer of their day."""
    saved = await change_payer_details(caller.store, caller.call, caller.keyring, account_id, body.payer())
    return caller.accepted(saved, "Payer's details changed")


@router.post("/accounts/{account_id}/students", responses=problems(NotFound, StudentHasPayer))
async def post_student(
    account_id: UUID, body: LinkRequest, caller: Annotated[Caller, may("accounts.write")]
) -> Answer[Receipt]:
    """The account pays for this student from now on, for all months that are not invoiced."""
    await ensure_students(caller, [body.student_id], "/student_id")
    saved = await link_student(caller.store, caller.call, account_id, body.student_id)
    return caller.accepted(saved, "Student linked")


@router.post("/accounts/{account_id}/students/{student_id}/removal", responses=problems(NotFound))
async def post_student_removal(
    account_id: UUID, student_id: UUID, caller: Annotated[Caller, may("accounts.write")]
) -> Answer[Receipt]:
    """The account pays for this student no longer."""
    saved = await unlink_student(caller.store, caller.call, account_id, student_id)
    return caller.accepted(saved, "Student unlinked")


@router.get("/accounts", responses=problems())
async def get_accounts(page: Page, caller: Annotated[Caller, may("accounts.read")]) -> Answer[list[Account]]:
    """The payers of the school."""
    after = page.after(UUID)
    async with caller.reading(Accounts) as read:
        rows = await accounts_of(read, after[0] if after else None, page.limit + 1)
    return caller.page(await opened(caller, rows), "Accounts", read, page, lambda row: (row.id,))


@router.get("/accounts/{account_id}", responses=problems(NotFound))
async def get_account(account_id: UUID, caller: Annotated[Caller, may("accounts.read")]) -> Answer[Account]:
    """One payer and the students paid for."""
    async with caller.reading(Accounts) as read:
        row = await account_of(read, account_id)
    if row is None:
        raise NotFound
    return caller.answer((await opened(caller, [row]))[0], "Account", read)


@router.get("/accounts/{account_id}/statement", responses=problems(NotFound))
async def get_statement(
    account_id: UUID, caller: Annotated[Caller, may("invoices.read")]
) -> Answer[list[StatementEntry]]:
    """Invoices and credit notes of an account in order, with what is owed after each."""
    async with caller.reading(Statement) as read:
        entries = await statement_of(read, account_id)
    if entries is None:
        raise NotFound
    return caller.answer(entries, "Statement", read)


async def ensure_students(caller: Caller, students: list[UUID], pointer: str) -> None:
    """Raises NotFound unless academic registered them all."""
    async with caller.reading(Students) as read:
        known = {student.id for student in await students_of(read, students)}
    if not known.issuperset(students):
        raise NotFound(pointer=pointer)


async def opened(caller: Caller, rows: list[AccountRow]) -> list[Account]:
    fields = ("payer_name", "payer_address", "payer_email")
    sealed = [(row.id, field, getattr(row, field)) for row in rows for field in fields]
    texts = await caller.keyring.open(caller.tenant_id, sealed)
    return [
        Account(
            id=row.id,
            kind=row.kind,
            name=texts[3 * n],
            address=texts[3 * n + 1],
            email=texts[3 * n + 2],
            students=row.students,
        )
        for n, row in enumerate(rows)
    ]
