"""The register sheet of a meeting: who should be there, and the marks. Not taken is neither present nor absent."""

from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel

from academic.classes.class_ import Class
from academic.classes.guests import GuestKind
from academic.codes.code_set import AttendanceCodeSet
from academic.funding.class_funding import ClassFunding
from academic.meetings.class_meeting import ClassMeeting
from academic.people.directory import Name
from academic.registers.mark import Mark
from academic.registers.register import AttendanceRegister
from academic.registers.sheet_tables import CODES, FUNDING, GUESTS, MARKS, MEETINGS, REGISTERS, STAYS
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, View, on


class RegisterSheet(View):
    """One sheet for each meeting, its guests, what each version of a code says of an absence, and who funds a class."""

    NAME = "register_sheet"
    VERSION = 4
    SOURCE = "academic"
    TABLES = (MEETINGS, REGISTERS, STAYS, CODES, MARKS, GUESTS, FUNDING)

    @on(AttendanceCodeSet.CodeDefined)
    def code_defined(self, fact: Fact[AttendanceCodeSet.CodeDefined], rows: Rows) -> None:
        self._code(fact, rows)

    @on(AttendanceCodeSet.CodeRevised)
    def code_revised(self, fact: Fact[AttendanceCodeSet.CodeRevised], rows: Rows) -> None:
        self._code(fact, rows)

    @on(ClassMeeting.MeetingPlanned)
    def planned(self, fact: Fact[ClassMeeting.MeetingPlanned], rows: Rows) -> None:
        data = fact.data
        rows.put(
            MEETINGS,
            {
                "tenant_id": fact.tenant_id,
                "meeting_id": fact.aggregate_id,
                "class_id": data.class_id,
                "held_on": data.held_on,
                "starts": data.starts,
                "ends": data.ends,
                "zone": data.zone,
                "meeting_state": "planned",
            },
        )

    @on(ClassMeeting.MeetingRescheduled)
    def rescheduled(self, fact: Fact[ClassMeeting.MeetingRescheduled], rows: Rows) -> None:
        data = fact.data
        key = (fact.tenant_id, fact.aggregate_id)
        rows.change(MEETINGS, key, held_on=data.held_on, starts=data.starts, ends=data.ends)

    @on(ClassMeeting.MeetingHeld)
    def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), meeting_state="held")

    @on(ClassMeeting.MeetingCancelled)
    def cancelled(self, fact: Fact[ClassMeeting.MeetingCancelled], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), meeting_state="cancelled")

    @on(ClassFunding.FundingSet)
    def funding_set(self, fact: Fact[ClassFunding.FundingSet], rows: Rows) -> None:
        told = {name: getattr(fact.data, name) for name in FUNDING.columns if name != "tenant_id"}
        rows.put(FUNDING, {"tenant_id": fact.tenant_id, **told})

    @on(ClassFunding.FundingRemoved)
    def funding_removed(self, fact: Fact[ClassFunding.FundingRemoved], rows: Rows) -> None:
        rows.remove(FUNDING, (fact.tenant_id, fact.data.class_id))

    @on(Class.GuestSeated)
    def guest_seated(self, fact: Fact[Class.GuestSeated], rows: Rows) -> None:
        data = fact.data
        key = {"meeting_id": data.meeting_id, "place_id": data.place_id}
        rows.put(GUESTS, {"tenant_id": fact.tenant_id, **key, "person_id": data.person_id, "kind": data.kind})

    @on(Class.GuestLeft)
    def guest_left(self, fact: Fact[Class.GuestLeft], rows: Rows) -> None:
        rows.remove(GUESTS, (fact.tenant_id, fact.data.meeting_id, fact.data.place_id))

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

    @on(AttendanceRegister.RegisterOpened)
    def opened(self, fact: Fact[AttendanceRegister.RegisterOpened], rows: Rows) -> None:
        register = {"register_id": fact.aggregate_id, "meeting_id": fact.data.meeting_id, "state": "open"}
        rows.put(REGISTERS, {"tenant_id": fact.tenant_id, **register})

    @on(AttendanceRegister.AttendanceMarked)
    def marked(self, fact: Fact[AttendanceRegister.AttendanceMarked], rows: Rows) -> None:
        for mark in fact.data.marks:
            self._mark(fact, mark, rows, corrected=False)

    @on(AttendanceRegister.AttendanceCorrected)
    def corrected(self, fact: Fact[AttendanceRegister.AttendanceCorrected], rows: Rows) -> None:
        self._mark(fact, fact.data.after, rows, corrected=True)

    @on(AttendanceRegister.RegisterClosed)
    def closed(self, fact: Fact[AttendanceRegister.RegisterClosed], rows: Rows) -> None:
        rows.change(REGISTERS, (fact.tenant_id, fact.aggregate_id), state="closed")

    @on(AttendanceRegister.RegisterReopened)
    def reopened(self, fact: Fact[AttendanceRegister.RegisterReopened], rows: Rows) -> None:
        rows.change(REGISTERS, (fact.tenant_id, fact.aggregate_id), state="open")

    @staticmethod
    def _code(fact: Fact[Any], rows: Rows) -> None:
        data = fact.data
        code = {"code": data.code, "code_version": data.code_version, "category": data.category}
        rows.put(CODES, {"tenant_id": fact.tenant_id, **code})

    @staticmethod
    def _stay(fact: Fact[Any], rows: Rows) -> None:
        data = fact.data
        stay = {"person_id": data.person_id, "begin_on": data.begin_on, "end_on": data.end_on}
        key = {"class_id": fact.aggregate_id, "enrolment_id": data.enrolment_id}
        rows.put(STAYS, {"tenant_id": fact.tenant_id, **key, **stay})

    @staticmethod
    def _mark(fact: Fact[Any], mark: Mark, rows: Rows, *, corrected: bool) -> None:
        row = {"tenant_id": fact.tenant_id, "meeting_id": fact.data.meeting_id, "corrected": corrected}
        rows.put(MARKS, row | vars(mark))


class SheetLine(BaseModel):
    """`code` null: not marked yet. `minutes` null: all the lesson, or none of it. `guest`: not enrolled that day; then
    `enrolment_id` is the guest's place. The names are null for an erased person."""

    enrolment_id: UUID
    person_id: UUID
    code: str | None
    code_version: int | None
    present: bool | None
    billable: bool | None
    arrived_at: str | None
    left_at: str | None
    minutes: int | None
    corrected: bool | None
    guest: GuestKind | None
    given_name: str | None = None
    family_name: str | None = None
    notice: Literal["notified", "approved"] | None = None

    def told(self, name: Name | None, notice: str | None) -> "SheetLine":
        """With the name, and whether somebody said before that the student would not come."""
        named = {} if name is None else {"given_name": name.given_name, "family_name": name.family_name}
        return self.model_copy(update={**named, "notice": notice})


class Sheet(BaseModel):
    meeting_id: UUID
    class_id: UUID
    held_on: date
    starts: str
    ends: str
    zone: str
    meeting_state: Literal["planned", "held", "cancelled"]
    register_id: UUID | None
    register_state: Literal["not opened", "open", "closed"]
    lines: list[SheetLine] = []


async def sheet_of(read: Reading, meeting_id: UUID) -> Sheet:
    """Everybody who is enrolled on the day, is a guest of the meeting, or has a mark. One who came as a guest and is
    enrolled by now has one line."""
    sheet = await read.one(
        Sheet,
        "SELECT s.meeting_id, s.class_id, s.held_on, s.starts, s.ends, s.zone, s.meeting_state, r.register_id,"
        " coalesce(r.state, 'not opened') AS register_state FROM sheet s LEFT JOIN sheet_register r"
        " ON r.tenant_id = s.tenant_id AND r.meeting_id = s.meeting_id"
        " WHERE s.tenant_id = %(tenant)s AND s.meeting_id = %(meeting_id)s",
        meeting_id=meeting_id,
    )
    if sheet is None:
        raise NotFound
    lines = await read.all(
        SheetLine,
        LINES,
        class_id=sheet.class_id,
        day=sheet.held_on,
        meeting_id=meeting_id,
    )
    return sheet.model_copy(update={"lines": lines})


LINES = """
WITH marked AS (
    SELECT enrolment_id, person_id, code, code_version, present, billable, arrived_at, left_at, minutes, corrected,
           guest
    FROM sheet_mark WHERE tenant_id = %(tenant)s AND meeting_id = %(meeting_id)s
), enrolled AS (
    SELECT enrolment_id, person_id FROM sheet_stay
    WHERE tenant_id = %(tenant)s AND class_id = %(class_id)s
      AND (begin_on IS NULL OR begin_on <= %(day)s) AND (end_on IS NULL OR end_on > %(day)s)
), expected AS (
    SELECT enrolment_id, person_id, NULL AS kind FROM enrolled
    UNION ALL
    SELECT place_id, person_id, kind FROM sheet_guest WHERE tenant_id = %(tenant)s AND meeting_id = %(meeting_id)s
      AND person_id NOT IN (SELECT person_id FROM enrolled)
)
SELECT enrolment_id, coalesce(m.person_id, e.person_id) AS person_id, m.code, m.code_version, m.present, m.billable,
       m.arrived_at, m.left_at, m.minutes, m.corrected, coalesce(m.guest, e.kind) AS guest
FROM (SELECT * FROM expected
      WHERE enrolment_id IN (SELECT enrolment_id FROM marked) OR person_id NOT IN (SELECT person_id FROM marked)) e
FULL JOIN marked m USING (enrolment_id) ORDER BY enrolment_id
"""
