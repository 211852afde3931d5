"""The timetable: the dated meetings of the classes."""

from datetime import date
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.meetings.class_meeting import ClassMeeting
from shared.answers import Paging
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table("timetable_class", key=("tenant_id", "id"), columns={"tenant_id": "uuid", "id": "uuid"})
MEETINGS = Table(
    "meeting",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "class_id": "uuid",
        "held_on": "date",
        "starts": "text",
        "ends": "text",
        "zone": "text",
        "state": "text",
        "reason": "text",
        "cancelled_by": "text",
        "notice_hours": "int4",
    },
    indexes=(("tenant_id", "class_id", "held_on", "starts", "id"),),
)


class Timetable(View):
    """All meetings: planned, held and cancelled ones."""

    NAME = "timetable"
    SOURCE = "academic"
    TABLES = (CLASSES, MEETINGS)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "id": fact.aggregate_id})

    @on(ClassMeeting.MeetingPlanned)
    def planned(self, fact: Fact[ClassMeeting.MeetingPlanned], rows: Rows) -> None:
        data = fact.data
        rows.put(
            MEETINGS,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "class_id": data.class_id,
                "held_on": data.held_on,
                "starts": data.starts,
                "ends": data.ends,
                "zone": data.zone,
                "state": "planned",
                "reason": None,
                "cancelled_by": None,
                "notice_hours": None,
            },
        )

    @on(ClassMeeting.MeetingRescheduled)
    def rescheduled(self, fact: Fact[ClassMeeting.MeetingRescheduled], rows: Rows) -> None:
        data = fact.data
        rows.change(
            MEETINGS,
            (fact.tenant_id, fact.aggregate_id),
            held_on=data.held_on,
            starts=data.starts,
            ends=data.ends,
            reason=data.reason,
        )

    @on(ClassMeeting.MeetingHeld)
    def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), state="held")

    @on(ClassMeeting.MeetingCancelled)
    def cancelled(self, fact: Fact[ClassMeeting.MeetingCancelled], rows: Rows) -> None:
        data = fact.data
        rows.change(
            MEETINGS,
            (fact.tenant_id, fact.aggregate_id),
            state="cancelled",
            reason=data.reason,
            cancelled_by=data.cancelled_by,
            notice_hours=data.notice_hours,
        )


class MeetingLine(BaseModel):
    """Local times in `zone`. `reason`: why it was moved or cancelled."""

    id: UUID
    class_id: UUID
    held_on: date
    starts: str
    ends: str
    zone: str
    state: Literal["planned", "held", "cancelled"]
    reason: str | None
    cancelled_by: str | None
    notice_hours: int | None


async def meetings_of(read: Reading, class_id: UUID, paging: Paging) -> list[MeetingLine]:
    """One page and one row more, by day and start."""
    if not await read.rows("SELECT 1 FROM timetable_class WHERE tenant_id = %(tenant)s AND id = %(id)s", id=class_id):
        raise NotFound
    day, starts, id = paging.after(date, str, UUID) or (date.min, "", UUID(int=0))
    return await read.all(
        MeetingLine,
        "SELECT id, class_id, held_on, starts, ends, zone, state, reason, cancelled_by, notice_hours"
        " FROM meeting WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s"
        " AND (held_on, starts, id) > (%(day)s, %(starts)s, %(id)s)"
        " ORDER BY held_on, starts, id LIMIT %(limit)s",
        class_id=class_id,
        day=day,
        starts=starts,
        id=id,
        limit=paging.limit + 1,
    )


async def meeting(read: Reading, meeting_id: UUID) -> MeetingLine:
    found = await read.one(
        MeetingLine,
        "SELECT id, class_id, held_on, starts, ends, zone, state, reason, cancelled_by, notice_hours"
        " FROM meeting WHERE tenant_id = %(tenant)s AND id = %(id)s",
        id=meeting_id,
    )
    if found is None:
        raise NotFound
    return found
