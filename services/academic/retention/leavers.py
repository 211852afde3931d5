"""Those who left, and for how long the school keeps their data."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from academic.funding.class_funding import ClassFunding
from academic.people.person import Person
from academic.retention.leaver import Leaver
from academic.retention.policy import HOLDS, RetentionPolicy
from shared.database import Connection
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

POLICIES = Table(
    "retention_policy",
    key=("tenant_id",),
    columns={"tenant_id": "uuid", "years": "int4", "evidence_years": "int4", "set_at": "timestamptz"},
)
LEAVERS = Table(
    "leaver",
    key=("tenant_id", "person_id"),
    columns={
        "tenant_id": "uuid",
        "person_id": "uuid",
        "left_at": "timestamptz",
        "reviewed_at": "timestamptz",
        "kept_until": "date",
        "kept_why": "text",
        "due_at": "timestamptz",
        "handed_over_at": "timestamptz",
        "handed_over_by": "uuid",
    },
)
FUNDED = Table(
    "retention_funded_class",
    key=("tenant_id", "class_id"),
    columns={"tenant_id": "uuid", "class_id": "uuid"},
)
State = Literal["kept", "due", "handed-over"]


class Leavers(View):
    """Whoever is archived and not erased; and which classes anybody ever funded."""

    NAME = "leavers"
    SOURCE = "academic"
    TABLES = (POLICIES, LEAVERS, FUNDED)

    @on(RetentionPolicy.TermsSet)
    def terms_set(self, fact: Fact[RetentionPolicy.TermsSet], rows: Rows) -> None:
        terms = {"years": fact.data.years, "evidence_years": fact.data.evidence_years}
        rows.put(POLICIES, {"tenant_id": fact.tenant_id, **terms, "set_at": fact.time})

    @on(ClassFunding.FundingSet)
    def funded(self, fact: Fact[ClassFunding.FundingSet], rows: Rows) -> None:
        """What was attended for a funder stays evidence when the class is funded no more."""
        rows.put(FUNDED, {"tenant_id": fact.tenant_id, "class_id": fact.data.class_id})

    @on(Person.Archived)
    def archived(self, fact: Fact[Person.Archived], rows: Rows) -> None:
        empty: dict[str, Any] = dict.fromkeys(LEAVERS.columns)
        known = {"tenant_id": fact.tenant_id, "person_id": fact.aggregate_id, "left_at": fact.time}
        rows.put(LEAVERS, empty | known)

    @on(Person.Restored, Person.PersonErased)
    def gone(self, fact: Fact[Person.Restored], rows: Rows) -> None:
        rows.remove(LEAVERS, (fact.tenant_id, fact.aggregate_id))

    @on(Leaver.Kept)
    def kept(self, fact: Fact[Leaver.Kept], rows: Rows) -> None:
        kept = {"kept_until": fact.data.until, "kept_why": fact.data.why, "reviewed_at": fact.time}
        nobody = dict.fromkeys(("due_at", "handed_over_at", "handed_over_by"))
        rows.change(LEAVERS, (fact.tenant_id, fact.data.person_id), **kept, **nobody)

    @on(Leaver.BecameDue)
    def due(self, fact: Fact[Leaver.BecameDue], rows: Rows) -> None:
        rows.change(LEAVERS, (fact.tenant_id, fact.data.person_id), due_at=fact.time, reviewed_at=fact.time)

    @on(Leaver.HandedOver)
    def handed_over(self, fact: Fact[Leaver.HandedOver], rows: Rows) -> None:
        handed = {"handed_over_at": fact.time, "handed_over_by": fact.data.requested_by}
        rows.change(LEAVERS, (fact.tenant_id, fact.data.person_id), **handed)


class LeaverLine(BaseModel):
    """`kept_why`: `term`, `attendance-evidence`, or what somebody said; both null until the policy was first looked at,
    and where there is none."""

    person_id: UUID
    left_at: datetime
    state: State
    kept_until: date | None
    kept_why: str | None
    due_at: datetime | None
    handed_over_at: datetime | None
    handed_over_by: UUID | None


class Reviewed(BaseModel):
    """Somebody whose term is to be looked at. `since`: an older answer says nothing."""

    tenant_id: UUID
    person_id: UUID
    left_at: datetime
    since: datetime
    years: int
    evidence_years: int


STATE = "CASE WHEN handed_over_at IS NOT NULL THEN 'handed-over' WHEN due_at IS NOT NULL THEN 'due' ELSE 'kept' END"


async def leavers_of(read: Reading, state: State | None, after: UUID | None, limit: int) -> list[LeaverLine]:
    return await read.all(
        LeaverLine,
        f"SELECT person_id, left_at, {STATE} AS state, kept_until, kept_why, due_at, handed_over_at, handed_over_by"  # noqa: S608
        " FROM leaver WHERE tenant_id = %(tenant)s AND (%(after)s::uuid IS NULL OR person_id > %(after)s)"
        f" AND (%(state)s::text IS NULL OR {STATE} = %(state)s) ORDER BY person_id LIMIT %(limit)s",
        state=state,
        after=after,
        limit=limit,
    )


async def funded_classes(read: Reading) -> list[UUID]:
    rows = await read.rows("SELECT class_id FROM retention_funded_class WHERE tenant_id = %(tenant)s")
    return [row["class_id"] for row in rows]


async def to_review(connection: Connection, today: date) -> list[Reviewed]:
    """Of all schools that have a policy: whoever was never looked at under it, or whose day has come."""
    cursor = await connection.execute(REVIEW.encode(), {"today": today, "holds": list(HOLDS)})
    names = ("tenant_id", "person_id", "left_at", "since", "years", "evidence_years")
    return [Reviewed(**dict(zip(names, row, strict=True))) for row in await cursor.fetchall()]


REVIEW = """
    SELECT l.tenant_id, l.person_id, l.left_at, greatest(p.set_at, l.left_at), p.years, p.evidence_years
    FROM leaver l JOIN retention_policy p ON p.tenant_id = l.tenant_id
    WHERE l.handed_over_at IS NULL
      AND (l.reviewed_at IS NULL OR l.reviewed_at < p.set_at OR (l.due_at IS NULL AND l.kept_until <= %(today)s))
      AND NOT coalesce(l.kept_why = ANY(%(holds)s) AND l.kept_until > %(today)s, false)
    ORDER BY l.left_at, l.person_id LIMIT 200
"""
