"""Who waits for a seat in which class, in which order, and who was offered one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.waitlists.waitlist import Waitlist, WhenFree
from shared.database import Connection
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table("waiting_class", key=("tenant_id", "id"), columns={"tenant_id": "uuid", "id": "uuid"})
WAITING = Table(
    "waiting",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "begin_on": "date",
        "end_on": "date",
        "when_free": "text",
        "joined": "int8",
        "joined_at": "timestamptz",
        "offered_until": "timestamptz",
    },
)


class Waiting(View):
    """Rows of those who wait now; who came in, left, or did not answer is gone from here."""

    NAME = "waiting"
    SOURCE = "academic"
    TABLES = (CLASSES, WAITING)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "id": fact.aggregate_id})

    @on(Waitlist.Joined)
    def joined(self, fact: Fact[Waitlist.Joined], rows: Rows) -> None:
        data = fact.data
        rows.put(
            WAITING,
            {
                "tenant_id": fact.tenant_id,
                "class_id": data.class_id,
                "enrolment_id": data.enrolment_id,
                "person_id": data.person_id,
                "begin_on": data.begin_on,
                "end_on": data.end_on,
                "when_free": data.when_free,
                "joined": fact.position,
                "joined_at": fact.time,
                "offered_until": None,
            },
        )

    @on(Waitlist.SeatOffered)
    def offered(self, fact: Fact[Waitlist.SeatOffered], rows: Rows) -> None:
        rows.change(WAITING, key_of(fact), offered_until=fact.data.until)

    @on(Waitlist.Left)
    def left(self, fact: Fact[Waitlist.Left], rows: Rows) -> None:
        rows.remove(WAITING, key_of(fact))

    @on(Waitlist.OfferLapsed)
    def lapsed(self, fact: Fact[Waitlist.OfferLapsed], rows: Rows) -> None:
        rows.remove(WAITING, key_of(fact))

    @on(Waitlist.Promoted)
    def promoted(self, fact: Fact[Waitlist.Promoted], rows: Rows) -> None:
        rows.remove(WAITING, key_of(fact))


def key_of(fact: Fact[Any]) -> tuple[UUID, UUID, UUID]:
    return fact.tenant_id, fact.data.class_id, fact.data.enrolment_id


class WaitingLine(BaseModel):
    """`offered_until`: a seat is kept until then; null: still waiting."""

    enrolment_id: UUID
    person_id: UUID
    begin_on: date | None
    end_on: date | None
    when_free: WhenFree
    joined_at: datetime
    offered_until: datetime | None


class DueOffer(BaseModel):
    tenant_id: UUID
    class_id: UUID
    enrolment_id: UUID


async def waiting_for(read: Reading, class_id: UUID) -> list[WaitingLine]:
    """In their order. Raises NotFound for an unknown class."""
    if not await read.rows("SELECT 1 FROM waiting_class WHERE tenant_id = %(tenant)s AND id = %(id)s", id=class_id):
        raise NotFound
    return await read.all(
        WaitingLine,
        "SELECT enrolment_id, person_id, begin_on, end_on, when_free, joined_at, offered_until FROM waiting"
        " WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s ORDER BY joined",
        class_id=class_id,
    )


async def due_offers(connection: Connection, now: datetime) -> list[DueOffer]:
    """Of all schools; the connection sees them and reads the live build."""
    cursor = await connection.execute(
        "SELECT tenant_id, class_id, enrolment_id FROM waiting WHERE offered_until <= %s ORDER BY offered_until"
        " LIMIT 100",
        (now,),
    )
    return [
        DueOffer(tenant_id=tenant, class_id=class_id, enrolment_id=id)
        for tenant, class_id, id in await cursor.fetchall()
    ]
