"""Attendance as academic told it. Every row keeps its position: an export asks as of one."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from exports.attendance.facts import (
    AttendanceCorrected,
    AttendanceMarked,
    ClassOpened,
    Mark,
    MeetingPlanned,
    PersonNamed,
)
from exports.jobs.export_job import AttendanceQuery, Checkpoint, SourcePosition
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

Positions = tuple[SourcePosition, ...]

CLASSES = Table(
    "class_title",
    key=("tenant_id", "class_id"),
    columns={"tenant_id": "uuid", "class_id": "uuid", "title": "text", "class_code": "text"},
)
NAMES = Table(
    "person_name",
    key=("tenant_id", "person_id", "position"),
    columns={
        "tenant_id": "uuid",
        "person_id": "uuid",
        "position": "int8",
        "given_name": "text",
        "family_name": "text",
    },
)
MEETINGS = Table(
    "meeting",
    key=("tenant_id", "meeting_id"),
    columns={"tenant_id": "uuid", "meeting_id": "uuid", "starts": "text"},
)
MARKS = Table(
    "mark",
    key=("tenant_id", "class_id", "held_on", "meeting_id", "enrolment_id", "position"),
    columns={
        "tenant_id": "uuid",
        "class_id": "uuid",
        "held_on": "date",
        "meeting_id": "uuid",
        "enrolment_id": "uuid",
        "position": "int8",
        "person_id": "uuid",
        "minutes": "int4",
        "code": "text",
        "present": "bool",
        "billable": "bool",
        "corrected": "bool",
    },
)


@dataclass(frozen=True)
class ClassTitle:
    title: str
    class_code: str | None


@dataclass(frozen=True)
class Count:
    total: int


@dataclass(frozen=True)
class AttendanceRow:
    """One student's mark in one meeting; names are still sealed."""

    held_on: date
    meeting_id: UUID
    enrolment_id: UUID
    person_id: UUID
    starts: str | None
    minutes: int
    code: str
    present: bool
    billable: bool
    corrected: bool
    given_name: str | None
    family_name: str | None


class Attendance(View):
    """Marks with their corrections, and the names and titles to show them with."""

    NAME = "attendance"
    VERSION = 1
    SOURCE = "academic"
    TABLES = (CLASSES, NAMES, MEETINGS, MARKS)

    @on("academic.class_opened")
    def opened(self, fact: Fact[ClassOpened], rows: Rows) -> None:
        rows.put(
            CLASSES,
            {
                "tenant_id": fact.tenant_id,
                "class_id": fact.aggregate_id,
                "title": fact.data.title,
                "class_code": fact.data.class_code,
            },
        )

    @on("academic.person_registered", "academic.person_details_corrected")
    def named(self, fact: Fact[PersonNamed], rows: Rows) -> None:
        rows.put(
            NAMES,
            {
                "tenant_id": fact.tenant_id,
                "person_id": fact.aggregate_id,
                "position": fact.position,
                "given_name": fact.data.given_name.text,
                "family_name": fact.data.family_name.text,
            },
        )

    @on("academic.meeting_planned")
    def planned(self, fact: Fact[MeetingPlanned], rows: Rows) -> None:
        rows.put(
            MEETINGS,
            {
                "tenant_id": fact.tenant_id,
                "meeting_id": fact.aggregate_id,
                "starts": fact.data.starts,
            },
        )

    @on("academic.attendance_marked")
    def marked(self, fact: Fact[AttendanceMarked], rows: Rows) -> None:
        put_marks(rows, fact, fact.data.marks, corrected=False)

    @on("academic.attendance_corrected")
    def corrected(self, fact: Fact[AttendanceCorrected], rows: Rows) -> None:
        put_marks(rows, fact, (fact.data.after,), corrected=True)


def put_marks(
    rows: Rows,
    fact: Fact[AttendanceMarked] | Fact[AttendanceCorrected],
    marks: Iterable[Mark],
    *,
    corrected: bool,
) -> None:
    for mark in marks:
        rows.put(
            MARKS,
            {
                "tenant_id": fact.tenant_id,
                "class_id": fact.data.class_id,
                "held_on": fact.data.held_on,
                "meeting_id": fact.data.meeting_id,
                "enrolment_id": mark.enrolment_id,
                "position": fact.position,
                "person_id": mark.person_id,
                "minutes": fact.data.minutes,
                "code": mark.code,
                "present": mark.present,
                "billable": mark.billable,
                "corrected": corrected,
            },
        )


def known_until(positions: Positions) -> int:
    """How far academic's events are to be reflected."""
    return next((place.position for place in positions if place.service == Attendance.SOURCE), 0)


async def class_title(read: Reading, class_id: UUID) -> ClassTitle | None:
    return await read.one(
        ClassTitle,
        "SELECT title, class_code FROM class_title WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s",
        class_id=class_id,
    )


async def count_rows(read: Reading, query: AttendanceQuery, positions: Positions) -> int:
    row = await read.one(
        Count,
        "SELECT count(DISTINCT (meeting_id, enrolment_id)) AS total FROM mark WHERE tenant_id = %(tenant)s"
        " AND class_id = %(class_id)s AND held_on >= %(from_on)s AND held_on <= %(to_on)s"
        " AND position <= %(position)s",
        class_id=query.class_id,
        from_on=query.from_on,
        to_on=query.to_on,
        position=known_until(positions),
    )
    return 0 if row is None else row.total


async def rows_of(
    read: Reading, query: AttendanceQuery, positions: Positions, *, after: Checkpoint | None, limit: int
) -> list[AttendanceRow]:
    """A page in a fixed order, each mark and name as the events up to `position` left it."""
    return await read.all(
        AttendanceRow,
        ROWS,
        class_id=query.class_id,
        from_on=query.from_on if after is None else after.held_on,
        to_on=query.to_on,
        position=known_until(positions),
        after_day=query.from_on if after is None else after.held_on,
        after_meeting=UUID(int=0) if after is None else after.meeting_id,
        after_enrolment=UUID(int=0) if after is None else after.enrolment_id,
        limit=limit,
    )


ROWS = """
    SELECT m.held_on, m.meeting_id, m.enrolment_id, m.person_id, e.starts, m.minutes, m.code, m.present,
           m.billable, m.corrected, n.given_name, n.family_name
    FROM (
        SELECT DISTINCT ON (held_on, meeting_id, enrolment_id) *
        FROM mark
        WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s
          AND held_on >= %(from_on)s AND held_on <= %(to_on)s AND position <= %(position)s
          AND (held_on, meeting_id, enrolment_id) > (%(after_day)s, %(after_meeting)s, %(after_enrolment)s)
        ORDER BY held_on, meeting_id, enrolment_id, position DESC
        LIMIT %(limit)s
    ) m
    LEFT JOIN meeting e ON e.tenant_id = %(tenant)s AND e.meeting_id = m.meeting_id
    LEFT JOIN LATERAL (
        SELECT given_name, family_name FROM person_name
        WHERE tenant_id = %(tenant)s AND person_id = m.person_id AND position <= %(position)s
        ORDER BY position DESC LIMIT 1
    ) n ON true
    ORDER BY m.held_on, m.meeting_id, m.enrolment_id
"""
