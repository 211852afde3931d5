"""Make-up credits: whose, for which lesson, until when, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.make_ups.make_up_credit import HowUsed, MakeUpCredit, State, Why
from shared.answers import Paging
from shared.database import Connection
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CREDITS = Table(
    "make_up_credit",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "person_id": "uuid",
        "why": "text",
        "state": "text",
        "expires_at": "timestamptz",
        "class_id": "uuid",
        "meeting_id": "uuid",
        "held_on": "date",
        "place_id": "uuid",
        "booked_class_id": "uuid",
        "booked_meeting_id": "uuid",
        "begins_at": "timestamptz",
        "cancel_until": "timestamptz",
        "how_used": "text",
        "flagged": "bool",
    },
    indexes=(("tenant_id", "expires_at", "id"), ("tenant_id", "person_id")),
)
BOOKING = dict.fromkeys(("place_id", "booked_class_id", "booked_meeting_id", "begins_at", "cancel_until"))


class MakeUpCredits(View):
    """All credits of a school, also those that are gone."""

    NAME = "make_up_credits"
    SOURCE = "academic"
    TABLES = (CREDITS,)

    @on(MakeUpCredit.Granted)
    def granted(self, fact: Fact[MakeUpCredit.Granted], rows: Rows) -> None:
        data = fact.data
        rows.put(
            CREDITS,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "person_id": data.person_id,
                "why": data.why,
                "state": "open",
                "expires_at": data.expires_at,
                "class_id": data.class_id,
                "meeting_id": data.meeting_id,
                "held_on": data.held_on,
                **BOOKING,
                "how_used": None,
                "flagged": False,
            },
        )

    @on(MakeUpCredit.Booked)
    def booked(self, fact: Fact[MakeUpCredit.Booked], rows: Rows) -> None:
        data = fact.data
        rows.change(
            CREDITS,
            key_of(fact),
            state="booked",
            place_id=data.place_id,
            booked_class_id=data.class_id,
            booked_meeting_id=data.meeting_id,
            begins_at=data.begins_at,
            cancel_until=data.cancel_until,
        )

    @on(MakeUpCredit.Released)
    def released(self, fact: Fact[MakeUpCredit.Released], rows: Rows) -> None:
        rows.change(CREDITS, key_of(fact), state="open", **BOOKING)

    @on(MakeUpCredit.Used)
    def used(self, fact: Fact[MakeUpCredit.Used], rows: Rows) -> None:
        rows.change(CREDITS, key_of(fact), state="used", how_used=fact.data.how)

    @on(MakeUpCredit.Expired)
    def expired(self, fact: Fact[MakeUpCredit.Expired], rows: Rows) -> None:
        rows.change(CREDITS, key_of(fact), state="expired")

    @on(MakeUpCredit.TakenBack)
    def taken_back(self, fact: Fact[MakeUpCredit.TakenBack], rows: Rows) -> None:
        rows.change(CREDITS, key_of(fact), state="taken-back", **BOOKING)

    @on(MakeUpCredit.Restored)
    async def restored(self, fact: Fact[MakeUpCredit.Restored], rows: Rows) -> None:
        row = await rows.get(CREDITS, key_of(fact))
        again = {"state": "open"} if row is not None and row["state"] == "taken-back" else {}
        rows.change(CREDITS, key_of(fact), flagged=False, **again)

    @on(MakeUpCredit.Flagged)
    def flagged(self, fact: Fact[MakeUpCredit.Flagged], rows: Rows) -> None:
        rows.change(CREDITS, key_of(fact), flagged=True)


def key_of(fact: Fact[Any]) -> tuple[UUID, UUID]:
    return fact.tenant_id, fact.aggregate_id


class CreditLine(BaseModel):
    """`class_id`, `meeting_id`, `held_on`: the lesson that was missed; the latter two are null for a credit that was
    granted by hand. `booked_…`: the lesson to come instead; cancelled until `cancel_until`, the credit is there again.
    `flagged`: the mark that gave it was corrected after it was used."""

    id: UUID
    person_id: UUID
    why: Why
    state: State
    expires_at: datetime
    class_id: UUID
    meeting_id: UUID | None
    held_on: date | None
    place_id: UUID | None
    booked_class_id: UUID | None
    booked_meeting_id: UUID | None
    begins_at: datetime | None
    cancel_until: datetime | None
    how_used: HowUsed | None
    flagged: bool


@dataclass(frozen=True)
class Wanted:
    """Which credits; None asks for nothing."""

    state: State | None = None
    flagged: bool | None = None
    person_id: UUID | None = None
    only: list[UUID] | None = None


async def credits(read: Reading, paging: Paging, wanted: Wanted) -> list[CreditLine]:
    """One page and one row more: those that end first come first."""
    expires_at, id = paging.after(datetime, UUID) or (datetime.fromisoformat("1900-01-01T00:00Z"), UUID(int=0))
    return await read.all(
        CreditLine,
        "SELECT id, person_id, why, state, expires_at, class_id, meeting_id, held_on, place_id, booked_class_id,"
        " booked_meeting_id, begins_at, cancel_until, how_used, flagged FROM make_up_credit"
        " WHERE tenant_id = %(tenant)s AND (expires_at, id) > (%(expires_at)s, %(id)s)"
        " AND (%(state)s::text IS NULL OR state = %(state)s)"
        " AND (%(flagged)s::bool IS NULL OR flagged = %(flagged)s)"
        " AND (%(person_id)s::uuid IS NULL OR person_id = %(person_id)s)"
        " AND (%(only)s::uuid[] IS NULL OR person_id = ANY(%(only)s))"
        " ORDER BY expires_at, id LIMIT %(limit)s",
        expires_at=expires_at,
        id=id,
        limit=paging.limit + 1,
        **vars(wanted),
    )


async def due_credits(connection: Connection, now: datetime) -> list[tuple[UUID, UUID]]:
    """Of all schools; the connection sees them and reads the live build."""
    cursor = await connection.execute(
        "SELECT tenant_id, id FROM make_up_credit WHERE state = 'open' AND expires_at <= %s ORDER BY expires_at"
        " LIMIT 100",
        (now,),
    )
    return [(tenant_id, id) for tenant_id, id in await cursor.fetchall()]
