"""The roster with two clocks: who was in a class on a day, and who we believed was."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table("roster_class", key=("tenant_id", "id"), columns={"tenant_id": "uuid", "id": "uuid"})
LINE = {
    "tenant_id": "uuid",
    "class_id": "uuid",
    "enrolment_id": "uuid",
    "known_from": "int8",
    "person_id": "uuid",
    "role": "text",
    "primary_teacher": "bool",
    "begin_on": "date",
    "end_on": "date",
    "withdrawn": "bool",
}
LINES = Table(
    "roster_line",
    key=("tenant_id", "class_id", "enrolment_id", "known_from"),
    columns={**LINE, "known_to": "int8", "recorded_at": "timestamptz"},
    indexes=(("tenant_id", "recorded_at"),),
)
LATEST = Table("roster_latest", key=("tenant_id", "class_id", "enrolment_id"), columns=LINE)


class Roster(View):
    """Who is in which class. A line is never changed: what was learned later is a further line, and the earlier
    one says up to which position it was believed."""

    NAME = "roster"
    SOURCE = "academic"
    TABLES = (CLASSES, LINES, LATEST)

    @on(Class.Opened)
    def opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "id": fact.aggregate_id})

    @on(Class.StudentEnrolled)
    async def enrolled(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        await self._stay(fact, rows, role="student", primary_teacher=False)

    @on(Class.EnrollmentDatesChanged)
    async def dates_changed(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        await self._stay(fact, rows, role="student", primary_teacher=False)

    @on(Class.TeacherAssigned)
    async def assigned(self, fact: Fact[Class.TeacherAssigned], rows: Rows) -> None:
        await self._stay(fact, rows, role="teacher", primary_teacher=fact.data.primary)

    @on(Class.StudentWithdrawn)
    async def withdrawn(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        await self._learn(fact, rows, end_on=fact.data.on, withdrawn=True)

    @on(Class.TeacherUnassigned)
    async def unassigned(self, fact: Fact[Class.TeacherUnassigned], rows: Rows) -> None:
        await self._learn(fact, rows, end_on=fact.data.on)

    async def _stay(self, fact: Fact[Any], rows: Rows, **role: Any) -> None:
        data = fact.data
        stay = {"person_id": data.person_id, "begin_on": data.begin_on, "end_on": data.end_on}
        await self._learn(fact, rows, **stay, **role, withdrawn=False)

    @staticmethod
    async def _learn(fact: Fact[Any], rows: Rows, **news: Any) -> None:
        key = (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)
        before = await rows.get(LATEST, key)
        if before is not None and before["known_from"] >= fact.position:
            return
        if before is not None:
            rows.change(LINES, (*key, before["known_from"]), known_to=fact.position)
        line = (before or {}) | dict(zip(LATEST.key, key, strict=True)) | {"known_from": fact.position} | news
        rows.put(LATEST, line)
        rows.put(LINES, {**line, "known_to": None, "recorded_at": fact.recorded_at})


class RosterLine(BaseModel):
    """`end_on` is the first day after the stay. The names are those known today, null for an erased person."""

    enrolment_id: UUID
    person_id: UUID
    role: Literal["student", "teacher"]
    primary_teacher: bool
    begin_on: date | None
    end_on: date | None
    withdrawn: bool
    recorded_at: datetime
    given_name: str | None = None
    family_name: str | None = None


async def roster_of(
    read: Reading, class_id: UUID, as_of: date, known_at: int | datetime | None = None
) -> list[RosterLine]:
    """Who was in the class on `as_of`, by what the log knew at the position or instant `known_at` (None: now)."""
    if not await read.rows("SELECT 1 FROM roster_class WHERE tenant_id = %(tenant)s AND id = %(id)s", id=class_id):
        raise NotFound
    known = await position_at(read, known_at) if isinstance(known_at, datetime) else known_at
    return await read.all(
        RosterLine,
        "SELECT enrolment_id, person_id, role, primary_teacher, begin_on, end_on, withdrawn, recorded_at"
        " FROM roster_line WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s"
        " AND (begin_on IS NULL OR begin_on <= %(as_of)s) AND (end_on IS NULL OR end_on > %(as_of)s)"
        " AND CASE WHEN %(known)s::int8 IS NULL THEN known_to IS NULL ELSE known_from <= %(known)s"
        " AND (known_to IS NULL OR known_to > %(known)s) END"
        " ORDER BY role DESC, primary_teacher DESC, enrolment_id",
        class_id=class_id,
        as_of=as_of,
        known=known,
    )


async def position_at(read: Reading, instant: datetime) -> int:
    """The last position that was recorded not later than an instant."""
    rows = await read.rows(
        "SELECT max(known_from) AS position FROM roster_line"
        " WHERE tenant_id = %(tenant)s AND recorded_at <= %(instant)s",
        instant=instant,
    )
    return int(rows[0]["position"] or 0)
