"""The timetable: the dated meetings of the classes."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.meetings.class_meeting import ClassMeeting, replaced
from shared.answers import Paging
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table(
    "timetable_class", key=("tenant_id", "id"), columns={"tenant_id": "uuid", "id": "uuid", "title": "text"}
)
STAYS = Table(
    "timetable_stay",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "begin_on": "date",
        "end_on": "date",
    },
    indexes=(("tenant_id", "person_id"),),
)
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
        "room_id": "uuid",
        "teacher_ids": "uuid[]",
        "version": "int4",
        "changed_at": "timestamptz",
    },
    indexes=(
        ("tenant_id", "class_id", "held_on", "starts", "id"),
        ("tenant_id", "room_id", "held_on", "starts", "id"),
    ),
)
TEACHERS = Table(
    "meeting_teacher",
    key=("tenant_id", "person_id", "meeting_id"),
    columns={"tenant_id": "uuid", "person_id": "uuid", "meeting_id": "uuid"},
)


class Timetable(View):
    """All meetings: planned, held and cancelled ones, with their rooms and teachers, and who may expect them."""

    NAME = "timetable"
    VERSION = 3
    SOURCE = "academic"
    TABLES = (CLASSES, STAYS, MEETINGS, TEACHERS)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "id": fact.aggregate_id, "title": fact.data.title})

    @on(Class.Revised)
    def revised(self, fact: Fact[Class.Revised], rows: Rows) -> None:
        rows.change(CLASSES, (fact.tenant_id, fact.aggregate_id), title=fact.data.title)

    @on(Class.StudentEnrolled)
    def enrolled(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        self._stay(fact, rows)

    @on(Class.EnrollmentDatesChanged)
    def dates_changed(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        self._stay(fact, rows)

    @on(Class.StudentWithdrawn)
    def withdrawn(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        rows.change(STAYS, key, end_on=fact.data.on)

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
                "room_id": data.room_id,
                "teacher_ids": list(data.teacher_ids),
                **changed(fact),
            },
        )
        for person_id in data.teacher_ids:
            rows.put(TEACHERS, {"tenant_id": fact.tenant_id, "person_id": person_id, "meeting_id": fact.aggregate_id})

    @on(ClassMeeting.RoomMoved)
    def room_moved(self, fact: Fact[ClassMeeting.RoomMoved], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), room_id=fact.data.room_id, **changed(fact))

    @on(ClassMeeting.TeacherSubstituted)
    async def substituted(self, fact: Fact[ClassMeeting.TeacherSubstituted], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id)
        row = await rows.get(MEETINGS, key)
        if row is None:
            return
        absent, substitute = fact.data.absent_id, fact.data.substitute_id
        after = replaced(tuple(row["teacher_ids"]), absent, substitute)
        rows.change(MEETINGS, key, teacher_ids=list(after), **changed(fact))
        if absent is not None and absent not in after:
            rows.remove(TEACHERS, (fact.tenant_id, absent, fact.aggregate_id))
        if substitute is not None:
            rows.put(TEACHERS, {"tenant_id": fact.tenant_id, "person_id": substitute, "meeting_id": fact.aggregate_id})

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
            **changed(fact),
        )

    @on(ClassMeeting.MeetingHeld)
    def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), state="held", **changed(fact))

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
            **changed(fact),
        )

    @staticmethod
    def _stay(fact: Fact[Any], rows: Rows) -> None:
        data = fact.data
        stay = {"person_id": data.person_id, "begin_on": data.begin_on, "end_on": data.end_on}
        key = {"class_id": fact.aggregate_id, "enrolment_id": data.enrolment_id}
        rows.put(STAYS, {"tenant_id": fact.tenant_id, **key, **stay})


def changed(fact: Fact[Any]) -> dict[str, Any]:
    """Which change of the meeting it was, and when."""
    return {"version": fact.version, "changed_at": fact.time}


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
    room_id: UUID | None
    teacher_ids: list[UUID]


COLUMNS = ", ".join(f"m.{name}" for name in MeetingLine.model_fields)
PLACES: dict[str, str] = {
    "class": "meeting m WHERE m.class_id = %(of)s",
    "room": "meeting m WHERE m.room_id = %(of)s",
    "teacher": "meeting_teacher t JOIN meeting m ON m.tenant_id = t.tenant_id AND m.id = t.meeting_id"
    " WHERE t.tenant_id = %(tenant)s AND t.person_id = %(of)s",
}


async def meetings_of(
    read: Reading, by: Literal["class", "room", "teacher"], id: UUID, paging: Paging, first: date = date.min
) -> list[MeetingLine]:
    """One page and one row more, by day and start. Raises NotFound for an unknown class."""
    if by == "class" and not await read.rows(
        "SELECT 1 FROM timetable_class WHERE tenant_id = %(tenant)s AND id = %(id)s", id=id
    ):
        raise NotFound
    day, starts, last = paging.after(date, str, UUID) or (date.min, "", UUID(int=0))
    return await read.all(
        MeetingLine,
        f"SELECT {COLUMNS} FROM {PLACES[by]} AND m.tenant_id = %(tenant)s AND m.held_on >= %(first)s"  # noqa: S608
        " AND (m.held_on, m.starts, m.id) > (%(day)s, %(starts)s, %(last)s)"
        " ORDER BY m.held_on, m.starts, m.id LIMIT %(limit)s",
        of=id,
        first=first,
        day=day,
        starts=starts,
        last=last,
        limit=paging.limit + 1,
    )


async def meeting(read: Reading, meeting_id: UUID) -> MeetingLine:
    found = await read.one(
        MeetingLine,
        f"SELECT {COLUMNS} FROM meeting m WHERE m.tenant_id = %(tenant)s AND m.id = %(id)s",  # noqa: S608
        id=meeting_id,
    )
    if found is None:
        raise NotFound
    return found
