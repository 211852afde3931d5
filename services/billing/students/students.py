"""Students, as billing knows them: the names that academic keeps, still sealed."""

from collections.abc import Iterable
from uuid import UUID

from pydantic import BaseModel

from shared.reading import Reading
from shared.sealed import Sealed
from shared.views import Fact, Rows, Table, View, on

STUDENTS = Table(
    "student",
    key=("tenant_id", "student_id"),
    columns={"tenant_id": "uuid", "student_id": "uuid", "given_name": "text", "family_name": "text"},
)


class Person(BaseModel, frozen=True):
    given_name: Sealed[str]
    family_name: Sealed[str]


class StudentRow(BaseModel):
    id: UUID
    given_name: str
    family_name: str


class Students(View):
    """Everybody whom academic registered: whoever is enrolled can be charged for."""

    NAME = "students"
    VERSION = 1
    SOURCE = "academic"
    TABLES = (STUDENTS,)

    @on("academic.person_registered", "academic.person_details_corrected")
    def registered(self, fact: Fact[Person], rows: Rows) -> None:
        rows.put(
            STUDENTS,
            {
                "tenant_id": fact.tenant_id,
                "student_id": fact.aggregate_id,
                "given_name": fact.data.given_name.text,
                "family_name": fact.data.family_name.text,
            },
        )


async def students_of(read: Reading, ids: Iterable[UUID]) -> list[StudentRow]:
    return await read.all(
        StudentRow,
        "SELECT student_id AS id, given_name, family_name FROM student"
        " WHERE tenant_id = %(tenant)s AND student_id = ANY(%(ids)s)",
        ids=list(ids),
    )
