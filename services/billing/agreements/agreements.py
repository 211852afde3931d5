"""The agreements of a school: who is charged for which class, and who pays, if anybody does yet."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from billing.accounts.account import BillingAccount
from billing.agreements.agreement import Agreement
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

AGREEMENTS = Table(
    "agreement",
    key=("tenant_id", "agreement_id"),
    columns={
        "tenant_id": "uuid",
        "agreement_id": "uuid",
        "enrolment_id": "uuid",
        "student_id": "uuid",
        "class_id": "uuid",
        "course_id": "uuid",
        "begin_on": "date",
        "end_on": "date",
    },
    indexes=(("tenant_id", "student_id"),),
)
PAYERS = Table(
    "payer",
    key=("tenant_id", "student_id"),
    columns={"tenant_id": "uuid", "student_id": "uuid", "account_id": "uuid"},
)


@dataclass(frozen=True)
class AgreementRow:
    """`needs_payer`: its months cannot be invoiced before an account pays for the student."""

    id: UUID
    enrolment_id: UUID
    student_id: UUID
    class_id: UUID
    course_id: UUID | None
    begin_on: date | None
    end_on: date | None
    account_id: UUID | None
    needs_payer: bool


class Agreements(View):
    """One row an agreement; who pays is found by the student."""

    NAME = "agreements"
    VERSION = 1
    SOURCE = "billing"
    TABLES = (AGREEMENTS, PAYERS)

    @on(Agreement.Started)
    def started(self, fact: Fact[Agreement.Started], rows: Rows) -> None:
        rows.put(
            AGREEMENTS,
            {
                "tenant_id": fact.tenant_id,
                "agreement_id": fact.aggregate_id,
                "enrolment_id": fact.data.enrolment_id,
                "student_id": fact.data.student_id,
                "class_id": fact.data.class_id,
                "course_id": fact.data.course_id,
                "begin_on": fact.data.begin_on,
                "end_on": fact.data.end_on,
            },
        )

    @on(Agreement.DatesChanged)
    def dates_changed(self, fact: Fact[Agreement.DatesChanged], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        rows.change(AGREEMENTS, key, begin_on=fact.data.begin_on, end_on=fact.data.end_on)

    @on(Agreement.Ended)
    def ended(self, fact: Fact[Agreement.Ended], rows: Rows) -> None:
        rows.change(AGREEMENTS, (fact.tenant_id, fact.aggregate_id), end_on=fact.data.on)

    @on(BillingAccount.StudentLinked)
    def linked(self, fact: Fact[BillingAccount.StudentLinked], rows: Rows) -> None:
        rows.put(
            PAYERS,
            {
                "tenant_id": fact.tenant_id,
                "student_id": fact.data.student_id,
                "account_id": fact.aggregate_id,
            },
        )

    @on(BillingAccount.StudentUnlinked)
    def unlinked(self, fact: Fact[BillingAccount.StudentUnlinked], rows: Rows) -> None:
        rows.remove(PAYERS, (fact.tenant_id, fact.data.student_id))


SELECT = (
    "SELECT a.agreement_id AS id, a.enrolment_id, a.student_id, a.class_id, a.course_id, a.begin_on, a.end_on,"
    " p.account_id, p.account_id IS NULL AS needs_payer FROM agreement a"
    " LEFT JOIN payer p ON p.tenant_id = a.tenant_id AND p.student_id = a.student_id"
    " WHERE a.tenant_id = %(tenant)s "
)


async def agreements_of(read: Reading, after: UUID | None, limit: int, needs_payer: bool | None) -> list[AgreementRow]:
    return await read.all(
        AgreementRow,
        SELECT + "AND a.agreement_id > %(after)s"
        " AND (%(asked)s::bool IS NULL OR (p.account_id IS NULL) = %(asked)s::bool)"
        " ORDER BY a.agreement_id LIMIT %(limit)s",
        after=after or UUID(int=0),
        limit=limit,
        asked=needs_payer,
    )


async def agreements_of_students(read: Reading, students: Sequence[UUID]) -> list[UUID]:
    rows = await read.rows(
        "SELECT agreement_id FROM agreement WHERE tenant_id = %(tenant)s AND student_id = ANY(%(students)s)",
        students=list(students),
    )
    return [row["agreement_id"] for row in rows]
