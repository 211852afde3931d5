"""The classes of a school, with how many are in them on a day and how many meetings they have."""

from dataclasses import asdict
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.classes.details import Labels
from academic.meetings.class_meeting import ClassMeeting
from shared.answers import Paging
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table(
    "class",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "title": "text",
        "class_code": "text",
        "class_type": "text",
        "course_id": "uuid",
        "org_id": "uuid",
        "academic_session_ids": "uuid[]",
        "labels": "jsonb",
        "capacity": "int4",
        "source_id": "text",
        "closed": "bool",
    },
    indexes=(("tenant_id", "title", "id"),),
)
STAYS = Table(
    "class_stay",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "enrolment_id": "uuid",
        "person_id": "uuid",
        "teacher": "bool",
        "begin_on": "date",
        "end_on": "date",
    },
)
MEETINGS = Table(
    "class_meeting",
    key=("tenant_id", "id"),
    columns={"tenant_id": "uuid", "id": "uuid", "class_id": "uuid", "state": "text"},
    indexes=(("tenant_id", "class_id"),),
)
GUESTS = Table(
    "class_guest",
    key=("tenant_id", "class_id", "place_id"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "place_id": "uuid",
        "meeting_id": "uuid",
        "person_id": "uuid",
        "on": "date",
    },
)


class ClassList(View):
    """All classes of a school."""

    NAME = "class_list"
    VERSION = 2
    SOURCE = "academic"
    TABLES = (CLASSES, STAYS, MEETINGS, GUESTS)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        rows.put(
            CLASSES,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                **_told(fact.data),
                "capacity": fact.data.capacity,
                "source_id": fact.data.source_id,
                "closed": False,
            },
        )

    @on(Class.Revised)
    def revised(self, fact: Fact[Class.Revised], rows: Rows) -> None:
        rows.change(CLASSES, (fact.tenant_id, fact.aggregate_id), **_told(fact.data))

    @on(Class.CapacitySet)
    def capacity_set(self, fact: Fact[Class.CapacitySet], rows: Rows) -> None:
        rows.change(CLASSES, (fact.tenant_id, fact.aggregate_id), capacity=fact.data.capacity)

    @on(Class.Closed)
    def closed(self, fact: Fact[Class.Closed], rows: Rows) -> None:
        rows.change(CLASSES, (fact.tenant_id, fact.aggregate_id), closed=True)

    @on(Class.Reopened)
    def reopened(self, fact: Fact[Class.Reopened], rows: Rows) -> None:
        rows.change(CLASSES, (fact.tenant_id, fact.aggregate_id), closed=False)

    @on(Class.StudentEnrolled)
    def enrolled(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        self._stay(fact, rows, teacher=False)

    @on(Class.EnrollmentDatesChanged)
    def dates_changed(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        self._stay(fact, rows, teacher=False)

    @on(Class.TeacherAssigned)
    def assigned(self, fact: Fact[Class.TeacherAssigned], rows: Rows) -> None:
        self._stay(fact, rows, teacher=True)

    @on(Class.StudentWithdrawn)
    def withdrawn(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        rows.change(STAYS, key, end_on=fact.data.on)

    @on(Class.TeacherUnassigned)
    def unassigned(self, fact: Fact[Class.TeacherUnassigned], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        rows.change(STAYS, key, end_on=fact.data.on)

    @on(Class.GuestSeated)
    def guest_seated(self, fact: Fact[Class.GuestSeated], rows: Rows) -> None:
        data = fact.data
        key = {"class_id": fact.aggregate_id, "place_id": data.place_id}
        told = {"meeting_id": data.meeting_id, "person_id": data.person_id, "on": data.on}
        rows.put(GUESTS, {"tenant_id": fact.tenant_id, **key, **told})

    @on(Class.GuestLeft)
    def guest_left(self, fact: Fact[Class.GuestLeft], rows: Rows) -> None:
        rows.remove(GUESTS, (fact.tenant_id, fact.aggregate_id, fact.data.place_id))

    @on(ClassMeeting.MeetingPlanned)
    def planned(self, fact: Fact[ClassMeeting.MeetingPlanned], rows: Rows) -> None:
        meeting = {"id": fact.aggregate_id, "class_id": fact.data.class_id, "state": "planned"}
        rows.put(MEETINGS, {"tenant_id": fact.tenant_id, **meeting})

    @on(ClassMeeting.MeetingHeld)
    def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), state="held")

    @on(ClassMeeting.MeetingCancelled)
    def cancelled(self, fact: Fact[ClassMeeting.MeetingCancelled], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), state="cancelled")

    @staticmethod
    def _stay(fact: Fact[Any], rows: Rows, *, teacher: bool) -> None:
        data = fact.data
        stay = {"person_id": data.person_id, "teacher": teacher, "begin_on": data.begin_on, "end_on": data.end_on}
        key = {"class_id": fact.aggregate_id, "enrolment_id": fact.data.enrolment_id}
        rows.put(STAYS, {"tenant_id": fact.tenant_id, **key, **stay})


def _told(data: Class.Opened | Class.Revised) -> dict[str, Any]:
    return {
        "title": data.title,
        "class_code": data.class_code,
        "class_type": data.class_type,
        "course_id": data.course_id,
        "org_id": data.org_id,
        "academic_session_ids": data.academic_session_ids,
        "labels": asdict(data.labels),
    }


class ClassLine(BaseModel):
    """`students` and `teachers` are those of the day asked for."""

    id: UUID
    title: str
    class_code: str | None
    class_type: str
    course_id: UUID | None
    org_id: UUID
    academic_session_ids: list[UUID]
    labels: Labels
    capacity: int | None
    source_id: str | None
    closed: bool
    students: int
    teachers: int
    meetings_planned: int
    meetings_held: int


QUERY = """
SELECT c.id, c.title, c.class_code, c.class_type, c.course_id, c.org_id, c.academic_session_ids, c.labels,
       c.capacity, c.source_id, c.closed, s.students, s.teachers, m.meetings_planned, m.meetings_held
FROM class c
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE NOT teacher) AS students, count(*) FILTER (WHERE teacher) AS teachers
    FROM class_stay
    WHERE tenant_id = c.tenant_id AND class_id = c.id
      AND (begin_on IS NULL OR begin_on <= %(day)s) AND (end_on IS NULL OR end_on > %(day)s)
) s
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE state = 'planned') AS meetings_planned,
           count(*) FILTER (WHERE state = 'held') AS meetings_held
    FROM class_meeting WHERE tenant_id = c.tenant_id AND class_id = c.id
) m
WHERE c.tenant_id = %(tenant)s
"""


async def classes(read: Reading, paging: Paging, day: date, only: list[UUID] | None) -> list[ClassLine]:
    """One page and one row more, by title; of all classes, or only of these."""
    title, id = paging.after(str, UUID) or ("", UUID(int=0))
    return await read.all(
        ClassLine,
        QUERY + "AND (%(only)s::uuid[] IS NULL OR c.id = ANY(%(only)s))"
        " AND (c.title, c.id) > (%(title)s, %(id)s) ORDER BY c.title, c.id LIMIT %(limit)s",
        title=title,
        id=id,
        limit=paging.limit + 1,
        day=day,
        only=only,
    )


async def classes_of_session(read: Reading, session_id: UUID, limit: int) -> list[UUID]:
    """The open classes of an academic session."""
    rows = await read.rows(
        "SELECT id FROM class WHERE tenant_id = %(tenant)s AND %(session)s = ANY(academic_session_ids) AND NOT closed"
        " ORDER BY title, id LIMIT %(limit)s",
        session=session_id,
        limit=limit,
    )
    return [row["id"] for row in rows]


async def class_line(read: Reading, class_id: UUID, day: date) -> ClassLine:
    found = await read.one(ClassLine, QUERY + "AND c.id = %(id)s", id=class_id, day=day)
    if found is None:
        raise NotFound
    return found
