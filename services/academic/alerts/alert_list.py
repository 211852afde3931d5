"""Absence alerts: which guardian was alerted of which absence."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import BaseModel

from academic.alerts.absence_alert import AbsenceAlert
from shared.answers import Paging
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ALERTS = Table(
    "absence_alert",
    key=("tenant_id", "position"),
    columns={
        "tenant_id": "uuid",
        "position": "int8",
        "id": "uuid",
        "class_id": "uuid",
        "meeting_id": "uuid",
        "person_id": "uuid",
        "guardian_id": "uuid",
        "held_on": "date",
        "alerted_at": "timestamptz",
    },
)


class AbsenceAlerts(View):
    """All alerts of a school, in their order."""

    NAME = "absence_alerts"
    SOURCE = "academic"
    TABLES = (ALERTS,)

    @on(AbsenceAlert.Alerted)
    def alerted(self, fact: Fact[AbsenceAlert.Alerted], rows: Rows) -> None:
        data = fact.data
        rows.put(
            ALERTS,
            {
                "tenant_id": fact.tenant_id,
                "position": fact.position,
                "id": fact.aggregate_id,
                "class_id": data.class_id,
                "meeting_id": data.meeting_id,
                "person_id": data.person_id,
                "guardian_id": data.guardian_id,
                "held_on": data.held_on,
                "alerted_at": fact.time,
            },
        )


class AlertLine(BaseModel):
    """`position` orders the alerts."""

    id: UUID
    position: int
    class_id: UUID
    meeting_id: UUID
    person_id: UUID
    guardian_id: UUID
    held_on: date
    alerted_at: datetime


@dataclass(frozen=True)
class Wanted:
    """Which alerts; None asks for every class or person."""

    class_ids: list[UUID] | None
    person_id: UUID | None
    first: date
    last: date


async def alerts(read: Reading, paging: Paging, wanted: Wanted) -> list[AlertLine]:
    """One page and one row more, the newest first."""
    (before,) = paging.after(int) or (2**63 - 1,)
    return await read.all(
        AlertLine,
        "SELECT id, position, class_id, meeting_id, person_id, guardian_id, held_on, alerted_at FROM absence_alert"
        " WHERE tenant_id = %(tenant)s AND position < %(before)s"
        " AND (%(class_ids)s::uuid[] IS NULL OR class_id = ANY(%(class_ids)s))"
        " AND (%(person_id)s::uuid IS NULL OR person_id = %(person_id)s)"
        " AND held_on BETWEEN %(first)s AND %(last)s ORDER BY position DESC LIMIT %(limit)s",
        before=before,
        limit=paging.limit + 1,
        **vars(wanted),
    )
