"""What the school has from imports, by the ids of the system it came from."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from academic.classes.class_ import Class
from academic.courses.course import Course
from academic.orgs.org import Org
from academic.people.person import Person
from academic.sessions.academic_session import AcademicSession
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

THINGS = Table(
    "sourced_thing",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "file": "text",
        "source_id": "text",
        "class_id": "uuid",
        "gone": "bool",
    },
    indexes=(("tenant_id", "file"),),
)


class SourcedThings(View):
    """One row for each thing with a `sourcedId`; `gone` when it is retired or ended."""

    NAME = "sourced_things"
    SOURCE = "academic"
    TABLES = (THINGS,)

    @on(Org.OrgCreated)
    def org(self, fact: Fact[Org.OrgCreated], rows: Rows) -> None:
        _put(rows, fact, "orgs", fact.data.source_id)

    @on(AcademicSession.Opened)
    def session(self, fact: Fact[AcademicSession.Opened], rows: Rows) -> None:
        _put(rows, fact, "academicSessions", fact.data.source_id)

    @on(Course.CourseCreated)
    def course(self, fact: Fact[Course.CourseCreated], rows: Rows) -> None:
        _put(rows, fact, "courses", fact.data.source_id)

    @on(Class.Opened)
    def class_(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        _put(rows, fact, "classes", fact.data.source_id)

    @on(Person.Registered)
    def person(self, fact: Fact[Person.Registered], rows: Rows) -> None:
        _put(rows, fact, "users", fact.data.source_id)

    @on(Class.StudentEnrolled)
    def student(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        _put(rows, fact, "enrollments", fact.data.source_id, fact.data.enrolment_id)

    @on(Class.TeacherAssigned)
    def teacher(self, fact: Fact[Class.TeacherAssigned], rows: Rows) -> None:
        _put(rows, fact, "enrollments", fact.data.source_id, fact.data.enrolment_id)

    @on(Class.EnrollmentDatesChanged)
    def back(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        rows.change(THINGS, (fact.tenant_id, fact.data.enrolment_id), gone=False)

    @on(Class.StudentWithdrawn)
    def withdrawn(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        rows.change(THINGS, (fact.tenant_id, fact.data.enrolment_id), gone=True)

    @on(Class.TeacherUnassigned)
    def unassigned(self, fact: Fact[Class.TeacherUnassigned], rows: Rows) -> None:
        rows.change(THINGS, (fact.tenant_id, fact.data.enrolment_id), gone=True)

    @on(Org.Retired, AcademicSession.Closed, Course.Retired, Class.Closed, Person.Archived)
    def gone(self, fact: Fact[Org.Retired], rows: Rows) -> None:
        rows.change(THINGS, (fact.tenant_id, fact.aggregate_id), gone=True)

    @on(Org.Restored, AcademicSession.Reopened, Course.Restored, Class.Reopened, Person.Restored)
    def restored(self, fact: Fact[Org.Restored], rows: Rows) -> None:
        rows.change(THINGS, (fact.tenant_id, fact.aggregate_id), gone=False)


def _put(rows: Rows, fact: Fact[Any], file: str, source_id: str | None, id: UUID | None = None) -> None:
    if source_id is not None:
        rows.put(
            THINGS,
            {
                "tenant_id": fact.tenant_id,
                "id": id or fact.aggregate_id,
                "file": file,
                "source_id": source_id,
                "class_id": None if id is None else fact.aggregate_id,
                "gone": False,
            },
        )


@dataclass(frozen=True)
class SourcedThing:
    """`within` is the sourcedId of an enrolment's class."""

    source_id: str
    within: str


async def things_in_use(read: Reading, file: str) -> list[SourcedThing]:
    return await read.all(
        SourcedThing,
        "SELECT t.source_id, coalesce(c.source_id, '') AS within FROM sourced_thing t"
        " LEFT JOIN sourced_thing c ON c.tenant_id = t.tenant_id AND c.id = t.class_id"
        " WHERE t.tenant_id = %(tenant)s AND t.file = %(file)s AND NOT t.gone",
        file=file,
    )
