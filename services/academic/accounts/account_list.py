"""Which user account is which person, and which accounts wait for somebody to say so."""

from dataclasses import dataclass
from uuid import UUID

from academic.accounts.user_account import UserAccount
from academic.people.person import Person
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ACCOUNTS = Table(
    "user_account",
    key=("tenant_id", "user_id"),
    columns={
        "tenant_id": "uuid",
        "user_id": "uuid",
        "person_id": "uuid",
        "why": "text",
        "candidate_ids": "uuid[]",
    },
)


@dataclass(frozen=True)
class AccountLine:
    """`person_id` null: it waits, `why` says for what, `candidate_ids` are people whom it might belong to."""

    user_id: UUID
    person_id: UUID | None
    why: str | None
    candidate_ids: list[UUID]


class UserAccounts(View):
    NAME = "user_accounts"
    VERSION = 1
    SOURCE = "academic"
    TABLES = (ACCOUNTS,)

    @on(UserAccount.Unmatched)
    async def unmatched(self, fact: Fact[UserAccount.Unmatched], rows: Rows) -> None:
        told = fact.data
        if await rows.get(ACCOUNTS, (fact.tenant_id, told.user_id)) is not None:
            return
        rows.put(
            ACCOUNTS,
            {
                "tenant_id": fact.tenant_id,
                "user_id": told.user_id,
                "person_id": None,
                "why": told.why,
                "candidate_ids": list(told.candidate_ids),
            },
        )

    @on(Person.UserAccountLinked)
    def linked(self, fact: Fact[Person.UserAccountLinked], rows: Rows) -> None:
        rows.put(
            ACCOUNTS,
            {
                "tenant_id": fact.tenant_id,
                "user_id": fact.data.user_id,
                "person_id": fact.aggregate_id,
                "why": None,
                "candidate_ids": [],
            },
        )


async def accounts_of(read: Reading, *, waiting: bool, after: UUID | None, limit: int) -> list[AccountLine]:
    """`waiting`: only those that belong to nobody yet."""
    return await read.all(
        AccountLine,
        "SELECT user_id, person_id, why, candidate_ids FROM user_account WHERE tenant_id = %(tenant)s"
        " AND user_id > %(after)s AND (person_id IS NULL OR NOT %(waiting)s) ORDER BY user_id LIMIT %(limit)s",
        waiting=waiting,
        after=after or UUID(int=0),
        limit=limit,
    )
