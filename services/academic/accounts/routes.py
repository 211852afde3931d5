"""User accounts and the people they belong to, over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.accounts.account_list import AccountLine, UserAccounts, accounts_of
from academic.accounts.commands import link_user_account
from academic.people.person import AccountTaken, PersonIsArchived
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["people"])


class AccountLink(Request):
    user_id: UUID


@router.get("/user-accounts", responses=problems())
async def get_user_accounts(
    page: Page, caller: Annotated[Caller, may("members.read")], waiting: bool = False
) -> Answer[list[AccountLine]]:
    """Which account is which person. `waiting`: only accounts that an invitation brought and that matched nobody."""
    after = page.after(UUID)
    async with caller.reading(UserAccounts) as read:
        rows = await accounts_of(read, waiting=waiting, after=after[0] if after else None, limit=page.limit + 1)
    return caller.page(rows, "User accounts", read, page, lambda row: (row.user_id,))


@router.post("/people/{person_id}/user-account", responses=problems(NotFound, AccountTaken, PersonIsArchived))
async def post_user_account(
    person_id: UUID, body: AccountLink, caller: Annotated[Caller, may("members.write")]
) -> Answer[Receipt]:
    """Say whose an account is that matched nobody."""
    return caller.accepted(
        await link_user_account(caller.store, caller.call, person_id, body.user_id), "Account linked"
    )
