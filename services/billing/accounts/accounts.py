"""The billing accounts of a school, and the students that each one pays for."""

from uuid import UUID

from pydantic import BaseModel

from billing.accounts.account import AccountKind, BillingAccount
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ACCOUNTS = Table(
    "billing_account",
    key=("tenant_id", "account_id"),
    columns={
        "tenant_id": "uuid",
        "account_id": "uuid",
        "kind": "text",
        "payer_name": "text",
        "payer_address": "text",
        "payer_email": "text",
    },
)
STUDENTS = Table(
    "account_student",
    key=("tenant_id", "account_id", "student_id"),
    columns={"tenant_id": "uuid", "account_id": "uuid", "student_id": "uuid"},
)


class AccountRow(BaseModel):
    """The payer's details are still sealed."""

    id: UUID
    kind: AccountKind
    payer_name: str
    payer_address: str | None
    payer_email: str | None
    students: list[UUID]


class Accounts(View):
    """One row an account, details sealed."""

    NAME = "accounts"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (ACCOUNTS, STUDENTS)

    @on(BillingAccount.Opened)
    def opened(self, fact: Fact[BillingAccount.Opened], rows: Rows) -> None:
        told = fact.data
        rows.put(
            ACCOUNTS,
            {
                "tenant_id": fact.tenant_id,
                "account_id": fact.aggregate_id,
                "kind": told.kind,
                "payer_name": told.payer_name.text,
                "payer_address": told.payer_address and told.payer_address.text,
                "payer_email": told.payer_email and told.payer_email.text,
            },
        )

    @on(BillingAccount.PayerDetailsChanged)
    def changed(self, fact: Fact[BillingAccount.PayerDetailsChanged], rows: Rows) -> None:
        told = fact.data
        rows.change(
            ACCOUNTS,
            (fact.tenant_id, fact.aggregate_id),
            payer_name=told.payer_name.text,
            payer_address=told.payer_address and told.payer_address.text,
            payer_email=told.payer_email and told.payer_email.text,
        )

    @on(BillingAccount.StudentLinked)
    def linked(self, fact: Fact[BillingAccount.StudentLinked], rows: Rows) -> None:
        rows.put(
            STUDENTS,
            {
                "tenant_id": fact.tenant_id,
                "account_id": fact.aggregate_id,
                "student_id": fact.data.student_id,
            },
        )

    @on(BillingAccount.StudentUnlinked)
    def unlinked(self, fact: Fact[BillingAccount.StudentUnlinked], rows: Rows) -> None:
        rows.remove(STUDENTS, (fact.tenant_id, fact.aggregate_id, fact.data.student_id))


SELECT = (
    "SELECT a.account_id AS id, a.kind, a.payer_name, a.payer_address, a.payer_email,"
    " ARRAY(SELECT s.student_id FROM account_student s"
    "  WHERE s.tenant_id = a.tenant_id AND s.account_id = a.account_id ORDER BY s.student_id) AS students"
    " FROM billing_account a WHERE a.tenant_id = %(tenant)s "
)


async def accounts_of(read: Reading, after: UUID | None, limit: int) -> list[AccountRow]:
    return await read.all(
        AccountRow,
        SELECT + "AND a.account_id > %(after)s ORDER BY a.account_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
    )


async def account_of(read: Reading, account_id: UUID) -> AccountRow | None:
    return await read.one(AccountRow, SELECT + "AND a.account_id = %(account)s", account=account_id)
