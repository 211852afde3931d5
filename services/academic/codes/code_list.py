"""The attendance codes of a school as they stand now."""

from dataclasses import asdict

from pydantic import BaseModel

from academic.codes.code import Code
from academic.codes.code_set import AttendanceCodeSet
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

CODES = Table(
    "attendance_code",
    key=("tenant_id", "code"),
    columns={
        "tenant_id": "uuid",
        "code": "text",
        "code_version": "int4",
        "title": "text",
        "present": "bool",
        "billable": "bool",
        "category": "text",
        "pays_teacher": "bool",
        "grants_make_up": "bool",
        "retired": "bool",
    },
)


class CodeList(View):
    """What each code means since its latest revision."""

    NAME = "attendance_codes"
    SOURCE = "academic"
    TABLES = (CODES,)

    @on(AttendanceCodeSet.CodeDefined)
    def defined(self, fact: Fact[AttendanceCodeSet.CodeDefined], rows: Rows) -> None:
        self._put(fact.data, fact, rows)

    @on(AttendanceCodeSet.CodeRevised)
    def revised(self, fact: Fact[AttendanceCodeSet.CodeRevised], rows: Rows) -> None:
        self._put(fact.data, fact, rows)

    @on(AttendanceCodeSet.CodeRetired)
    def retired(self, fact: Fact[AttendanceCodeSet.CodeRetired], rows: Rows) -> None:
        rows.change(CODES, (fact.tenant_id, fact.data.code), retired=True)

    @staticmethod
    def _put(
        data: AttendanceCodeSet.CodeDefined | AttendanceCodeSet.CodeRevised,
        fact: Fact[AttendanceCodeSet.CodeDefined] | Fact[AttendanceCodeSet.CodeRevised],
        rows: Rows,
    ) -> None:
        meaning = Code(
            data.code,
            data.title,
            data.present,
            data.billable,
            data.category,
            data.pays_teacher,
            data.grants_make_up,
        )
        row = {"tenant_id": fact.tenant_id, "code_version": data.code_version, "retired": False}
        rows.put(CODES, row | asdict(meaning))


class CodeLine(BaseModel):
    """`category` is Ed-Fi's word."""

    code: str
    code_version: int
    title: str
    present: bool
    billable: bool
    category: str
    pays_teacher: bool
    grants_make_up: bool
    retired: bool


async def codes(read: Reading) -> list[CodeLine]:
    return await read.all(
        CodeLine,
        "SELECT code, code_version, title, present, billable, category, pays_teacher, grants_make_up, retired"
        " FROM attendance_code WHERE tenant_id = %(tenant)s ORDER BY code",
    )
