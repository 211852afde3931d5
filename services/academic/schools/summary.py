"""The school in one row: what a dashboard shows first."""

from typing import Any

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.meetings.class_meeting import ClassMeeting
from academic.people.person import Person
from academic.registers.register import AttendanceRegister
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

COUNTS = (
    "people",
    "classes",
    "enrolments",
    "meetings_planned",
    "meetings_held",
    "marks",
    "present",
    "corrections",
)
SUMMARIES = Table(
    "summary",
    key=("tenant_id",),
    columns={"tenant_id": "uuid", "position": "int8", **dict.fromkeys(COUNTS, "int8")},
)
WITHDRAWN = Table(
    "summary_withdrawn",
    key=("tenant_id", "class_id", "enrolment_id"),
    columns={"tenant_id": "uuid", "class_id": "uuid", "enrolment_id": "uuid"},
)


class Summary(View):
    """Counts of what is there now. A row knows the position it stands at, so no fact counts twice."""

    NAME = "summary"
    SOURCE = "academic"
    TABLES = (SUMMARIES, WITHDRAWN)

    @on(Person.Registered)
    async def registered(self, fact: Fact[Person.Registered], rows: Rows) -> None:
        await self._count(fact, rows, people=1)

    @on(Person.Restored)
    async def restored(self, fact: Fact[Person.Restored], rows: Rows) -> None:
        await self._count(fact, rows, people=1)

    @on(Person.Archived)
    async def archived(self, fact: Fact[Person.Archived], rows: Rows) -> None:
        await self._count(fact, rows, people=-1)

    @on(Class.Opened)
    async def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        await self._count(fact, rows, classes=1)

    @on(Class.Reopened)
    async def reopened(self, fact: Fact[Class.Reopened], rows: Rows) -> None:
        await self._count(fact, rows, classes=1)

    @on(Class.Closed)
    async def closed(self, fact: Fact[Class.Closed], rows: Rows) -> None:
        await self._count(fact, rows, classes=-1)

    @on(Class.StudentEnrolled)
    async def enrolled(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        await self._count(fact, rows, enrolments=1)

    @on(Class.StudentWithdrawn)
    async def withdrawn(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        if await rows.get(WITHDRAWN, key) is None:
            await self._count(fact, rows, enrolments=-1)
            rows.put(WITHDRAWN, dict(zip(WITHDRAWN.key, key, strict=True)))

    @on(Class.EnrollmentDatesChanged)
    async def dates_changed(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        if await rows.get(WITHDRAWN, key) is not None:
            await self._count(fact, rows, enrolments=1)
            rows.remove(WITHDRAWN, key)

    @on(ClassMeeting.MeetingPlanned)
    async def planned(self, fact: Fact[ClassMeeting.MeetingPlanned], rows: Rows) -> None:
        await self._count(fact, rows, meetings_planned=1)

    @on(ClassMeeting.MeetingHeld)
    async def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        await self._count(fact, rows, meetings_planned=-1, meetings_held=1)

    @on(ClassMeeting.MeetingCancelled)
    async def cancelled(self, fact: Fact[ClassMeeting.MeetingCancelled], rows: Rows) -> None:
        await self._count(fact, rows, meetings_planned=-1)

    @on(AttendanceRegister.AttendanceMarked)
    async def marked(self, fact: Fact[AttendanceRegister.AttendanceMarked], rows: Rows) -> None:
        marks = fact.data.marks
        await self._count(fact, rows, marks=len(marks), present=sum(mark.present for mark in marks))

    @on(AttendanceRegister.AttendanceCorrected)
    async def corrected(self, fact: Fact[AttendanceRegister.AttendanceCorrected], rows: Rows) -> None:
        data = fact.data
        await self._count(fact, rows, corrections=1, present=data.after.present - data.before.present)

    @staticmethod
    async def _count(fact: Fact[Any], rows: Rows, **steps: int) -> None:
        empty: dict[str, Any] = {"tenant_id": fact.tenant_id, "position": 0, **dict.fromkeys(COUNTS, 0)}
        row = await rows.get(SUMMARIES, (fact.tenant_id,)) or empty
        if row["position"] < fact.position:
            counted = {name: row[name] + step for name, step in steps.items()}
            rows.put(SUMMARIES, row | counted | {"position": fact.position})


class SchoolSummary(BaseModel):
    """`enrolments` without withdrawn ones, `people` without archived ones, `classes` without closed ones."""

    people: int = 0
    classes: int = 0
    enrolments: int = 0
    meetings_planned: int = 0
    meetings_held: int = 0
    marks: int = 0
    present: int = 0
    corrections: int = 0


async def summary_of(read: Reading) -> SchoolSummary:
    row = await read.one(
        SchoolSummary,
        "SELECT people, classes, enrolments, meetings_planned, meetings_held, marks, present, corrections"
        " FROM summary WHERE tenant_id = %(tenant)s",
    )
    return row or SchoolSummary()
