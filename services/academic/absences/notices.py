"""Absence notices: those to decide about, those of a person, those of a day."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from academic.absences.absence_notice import AbsenceNotice, State
from shared.answers import Paging
from shared.personal import Keyring
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

NOTICES = Table(
    "absence_notice",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "person_id": "uuid",
        "first": "date",
        "last": "date",
        "state": "text",
        "reason": "text",
        "answer": "text",
        "notified_at": "timestamptz",
    },
    indexes=(("tenant_id", "first", "id"), ("tenant_id", "person_id", "first")),
)


class AbsenceNotices(View):
    """Reason and answer stay sealed in the row."""

    NAME = "absence_notices"
    SOURCE = "academic"
    TABLES = (NOTICES,)

    @on(AbsenceNotice.Notified)
    def notified(self, fact: Fact[AbsenceNotice.Notified], rows: Rows) -> None:
        data = fact.data
        rows.put(
            NOTICES,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "person_id": data.person_id,
                "first": data.first,
                "last": data.last,
                "state": "notified",
                "reason": None if data.reason is None else data.reason.text,
                "answer": None,
                "notified_at": fact.time,
            },
        )

    @on(AbsenceNotice.Approved)
    def approved(self, fact: Fact[AbsenceNotice.Approved], rows: Rows) -> None:
        rows.change(NOTICES, (fact.tenant_id, fact.aggregate_id), state="approved")

    @on(AbsenceNotice.Rejected)
    def rejected(self, fact: Fact[AbsenceNotice.Rejected], rows: Rows) -> None:
        rows.change(NOTICES, (fact.tenant_id, fact.aggregate_id), state="rejected", answer=fact.data.answer.text)

    @on(AbsenceNotice.Withdrawn)
    def withdrawn(self, fact: Fact[AbsenceNotice.Withdrawn], rows: Rows) -> None:
        rows.change(NOTICES, (fact.tenant_id, fact.aggregate_id), state="withdrawn")


class NoticeLine(BaseModel):
    """From `first` to `last`, both included. `reason` and `answer` are null where none was given, and for an erased
    person."""

    id: UUID
    person_id: UUID
    first: date
    last: date
    state: State
    reason: str | None
    answer: str | None
    notified_at: datetime


@dataclass(frozen=True)
class Wanted:
    """Which notices; None asks for nothing."""

    state: State | None = None
    on: date | None = None
    person_id: UUID | None = None
    only: list[UUID] | None = None


async def notices(read: Reading, keyring: Keyring, paging: Paging, wanted: Wanted) -> list[NoticeLine]:
    """One page and one row more, by first day."""
    first, id = paging.after(date, UUID) or (date.min, UUID(int=0))
    found = await read.all(
        NoticeLine,
        "SELECT id, person_id, first, last, state, reason, answer, notified_at FROM absence_notice"
        " WHERE tenant_id = %(tenant)s AND (first, id) > (%(first)s, %(id)s)"
        " AND (%(state)s::text IS NULL OR state = %(state)s)"
        " AND (%(on)s::date IS NULL OR %(on)s BETWEEN first AND last)"
        " AND (%(person_id)s::uuid IS NULL OR person_id = %(person_id)s)"
        " AND (%(only)s::uuid[] IS NULL OR person_id = ANY(%(only)s))"
        " ORDER BY first, id LIMIT %(limit)s",
        first=first,
        id=id,
        limit=paging.limit + 1,
        **vars(wanted),
    )
    sealed = [
        (line.person_id, field, text)
        for line in found
        for field, text in (("reason", line.reason), ("answer", line.answer))
    ]
    texts = await keyring.open(read.tenant_id, sealed)
    return [
        line.model_copy(update={"reason": texts[2 * number], "answer": texts[2 * number + 1]})
        for number, line in enumerate(found)
    ]


async def expected_away(read: Reading, day: date, people: Collection[UUID]) -> dict[UUID, State]:
    """Of these people, who gave notice for the day: approved before not decided."""
    rows = await read.rows(
        "SELECT person_id, state FROM absence_notice WHERE tenant_id = %(tenant)s AND person_id = ANY(%(people)s)"
        " AND %(day)s BETWEEN first AND last AND state IN ('notified', 'approved') ORDER BY state DESC",
        people=list(people),
        day=day,
    )
    return {row["person_id"]: row["state"] for row in rows}


async def noticed_before(read: Reading, day: date, people: Collection[UUID], at: datetime) -> set[UUID]:
    """Of these people, whose absence on the day was notified by then and not rejected or withdrawn."""
    rows = await read.rows(
        "SELECT person_id FROM absence_notice WHERE tenant_id = %(tenant)s AND person_id = ANY(%(people)s)"
        " AND %(day)s BETWEEN first AND last AND state IN ('notified', 'approved') AND notified_at <= %(at)s",
        people=list(people),
        day=day,
        at=at,
    )
    return {row["person_id"] for row in rows}
