"""The day book: each meeting with who teaches it, when it is over, and what became of its register."""

from collections import Counter
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from academic.classes.class_ import Class
from academic.codes.code_set import AttendanceCodeSet
from academic.meetings.class_meeting import ClassMeeting, replaced
from academic.meetings.slot import Slot
from academic.registers.mark import Mark
from academic.registers.register import AttendanceRegister
from shared.views import Fact, Rows, Table, View, on

CLASSES = Table(
    "day_book_class",
    key=("tenant_id", "class_id"),
    columns={"tenant_id": "uuid", "class_id": "uuid", "title": "text", "org_id": "uuid"},
)
CODES = Table(
    "day_book_code",
    key=("tenant_id", "code", "code_version"),
    columns={"tenant_id": "uuid", "code": "text", "code_version": "int4", "pays_teacher": "bool"},
)
MEETINGS = Table(
    "day_book",
    key=("tenant_id", "meeting_id"),
    columns={
        "tenant_id": "uuid",
        "meeting_id": "uuid",
        "class_id": "uuid",
        "held_on": "date",
        "starts": "text",
        "ends": "text",
        "zone": "text",
        "minutes": "int4",
        "ends_at": "timestamptz",
        "held": "bool",
        "teacher_ids": "uuid[]",
        "register_id": "uuid",
        "to_take": "bool",
        "paying": "int4",
        "codes": "jsonb",
        "counted": "int8",
    },
    indexes=(("tenant_id", "to_take", "ends_at", "meeting_id"), ("tenant_id", "held_on")),
)
REGISTERS = Table(
    "day_book_register",
    key=("tenant_id", "register_id"),
    columns={"tenant_id": "uuid", "register_id": "uuid", "meeting_id": "uuid"},
)


class DayBook(View):
    """`to_take`: a register is still to be taken or closed. `paying`: how many marks have a code that paid the teacher
    when it was given, `codes`: how many marks have which code; `counted` is the position of the last fact that is in
    there, so none counts twice."""

    NAME = "day_book"
    VERSION = 2
    SOURCE = "academic"
    TABLES = (CLASSES, CODES, MEETINGS, REGISTERS)

    @on(Class.Opened)
    def class_opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        self._class(fact, rows)

    @on(Class.Revised)
    def class_revised(self, fact: Fact[Class.Revised], rows: Rows) -> None:
        self._class(fact, rows)

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
                **times(Slot(data.held_on, data.starts, data.ends, data.zone)),
                "zone": data.zone,
                "held": False,
                "teacher_ids": list(data.teacher_ids),
                "register_id": None,
                "to_take": True,
                "paying": 0,
                "codes": {},
                "counted": 0,
            },
        )

    @on(ClassMeeting.MeetingRescheduled)
    async def rescheduled(self, fact: Fact[ClassMeeting.MeetingRescheduled], rows: Rows) -> None:
        row = await rows.get(MEETINGS, (fact.tenant_id, fact.aggregate_id))
        if row is not None:
            data = fact.data
            moved = times(Slot(data.held_on, data.starts, data.ends, row["zone"]))
            rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), **moved)

    @on(ClassMeeting.TeacherSubstituted)
    async def substituted(self, fact: Fact[ClassMeeting.TeacherSubstituted], rows: Rows) -> None:
        row = await rows.get(MEETINGS, (fact.tenant_id, fact.aggregate_id))
        if row is not None:
            after = replaced(tuple(row["teacher_ids"]), fact.data.absent_id, fact.data.substitute_id)
            rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), teacher_ids=list(after))

    @on(ClassMeeting.MeetingHeld)
    def held(self, fact: Fact[ClassMeeting.MeetingHeld], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), held=True)

    @on(ClassMeeting.MeetingCancelled)
    def cancelled(self, fact: Fact[ClassMeeting.MeetingCancelled], rows: Rows) -> None:
        rows.change(MEETINGS, (fact.tenant_id, fact.aggregate_id), to_take=False)

    @on(AttendanceRegister.RegisterOpened)
    def register_opened(self, fact: Fact[AttendanceRegister.RegisterOpened], rows: Rows) -> None:
        meeting_id = fact.data.meeting_id
        register = {"register_id": fact.aggregate_id, "meeting_id": meeting_id}
        rows.put(REGISTERS, {"tenant_id": fact.tenant_id, **register})
        rows.change(MEETINGS, (fact.tenant_id, meeting_id), register_id=fact.aggregate_id)

    @on(AttendanceRegister.RegisterClosed)
    async def register_closed(self, fact: Fact[AttendanceRegister.RegisterClosed], rows: Rows) -> None:
        await self._register(fact, rows, to_take=False)

    @on(AttendanceRegister.RegisterReopened)
    async def register_reopened(self, fact: Fact[AttendanceRegister.RegisterReopened], rows: Rows) -> None:
        await self._register(fact, rows, to_take=True)

    @on(AttendanceRegister.AttendanceMarked)
    async def marked(self, fact: Fact[AttendanceRegister.AttendanceMarked], rows: Rows) -> None:
        await self._count(fact, rows, [(mark, 1) for mark in fact.data.marks])

    @on(AttendanceRegister.AttendanceCorrected)
    async def corrected(self, fact: Fact[AttendanceRegister.AttendanceCorrected], rows: Rows) -> None:
        await self._count(fact, rows, [(fact.data.before, -1), (fact.data.after, 1)])

    @staticmethod
    def _class(fact: Fact[Any], rows: Rows) -> None:
        told = {"title": fact.data.title, "org_id": fact.data.org_id}
        rows.put(CLASSES, {"tenant_id": fact.tenant_id, "class_id": fact.aggregate_id, **told})

    @staticmethod
    def _code(fact: Fact[Any], rows: Rows) -> None:
        data = fact.data
        code = {"code": data.code, "code_version": data.code_version, "pays_teacher": data.pays_teacher}
        rows.put(CODES, {"tenant_id": fact.tenant_id, **code})

    @staticmethod
    async def _register(fact: Fact[Any], rows: Rows, *, to_take: bool) -> None:
        row = await rows.get(REGISTERS, (fact.tenant_id, fact.aggregate_id))
        if row is not None:
            rows.change(MEETINGS, (fact.tenant_id, row["meeting_id"]), to_take=to_take)

    @staticmethod
    async def _count(fact: Fact[Any], rows: Rows, marks: list[tuple[Mark, int]]) -> None:
        key = (fact.tenant_id, fact.data.meeting_id)
        row = await rows.get(MEETINGS, key)
        if row is None or row["counted"] >= fact.position:
            return
        pays: dict[tuple[str, int], bool] = {}
        for code, version in {(mark.code, mark.code_version) for mark, _ in marks}:
            meaning = await rows.get(CODES, (fact.tenant_id, code, version))
            pays[code, version] = meaning is not None and meaning["pays_teacher"]
        more = sum(count for mark, count in marks if pays[mark.code, mark.code_version])
        codes: Counter[str] = Counter(row["codes"])
        for mark, count in marks:
            codes[mark.code] += count
        rows.change(MEETINGS, key, paying=row["paying"] + more, codes=dict(+codes), counted=fact.position)


def times(slot: Slot) -> dict[str, date | datetime | str | int]:
    """When a lesson is, and the instant at which it is over."""
    ends_at = datetime.combine(slot.held_on, time.fromisoformat(slot.ends), ZoneInfo(slot.zone))
    told: dict[str, date | datetime | str | int] = {
        "held_on": slot.held_on,
        "starts": slot.starts,
        "ends": slot.ends,
        "minutes": slot.minutes,
        "ends_at": ends_at,
    }
    return told
