"""The course catalogue."""

from uuid import UUID

from pydantic import BaseModel

from academic.courses.course import Course
from shared.answers import Paging
from shared.errors import NotFound
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

COURSES = Table(
    "course",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "title": "text",
        "course_code": "text",
        "org_id": "uuid",
        "school_year_id": "uuid",
        "grades": "text[]",
        "subjects": "text[]",
        "source_id": "text",
        "retired": "bool",
    },
    indexes=(("tenant_id", "title", "id"),),
)


class Catalogue(View):
    """All courses of a school, with or without classes."""

    NAME = "course_catalogue"
    SOURCE = "academic"
    TABLES = (COURSES,)

    @on(Course.CourseCreated)
    def created(self, fact: Fact[Course.CourseCreated], rows: Rows) -> None:
        data = fact.data
        rows.put(
            COURSES,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "title": data.title,
                "course_code": data.course_code,
                "org_id": data.org_id,
                "school_year_id": data.school_year_id,
                "grades": data.grades,
                "subjects": data.subjects,
                "source_id": data.source_id,
                "retired": False,
            },
        )

    @on(Course.Revised)
    def revised(self, fact: Fact[Course.Revised], rows: Rows) -> None:
        data = fact.data
        rows.change(
            COURSES,
            (fact.tenant_id, fact.aggregate_id),
            title=data.title,
            course_code=data.course_code,
            org_id=data.org_id,
            school_year_id=data.school_year_id,
            grades=data.grades,
            subjects=data.subjects,
        )

    @on(Course.Retired)
    def retired(self, fact: Fact[Course.Retired], rows: Rows) -> None:
        rows.change(COURSES, (fact.tenant_id, fact.aggregate_id), retired=True)

    @on(Course.Restored)
    def restored(self, fact: Fact[Course.Restored], rows: Rows) -> None:
        rows.change(COURSES, (fact.tenant_id, fact.aggregate_id), retired=False)


class CourseLine(BaseModel):
    id: UUID
    title: str
    course_code: str | None
    org_id: UUID
    school_year_id: UUID | None
    grades: list[str]
    subjects: list[str]
    source_id: str | None
    retired: bool


async def courses(read: Reading, paging: Paging) -> list[CourseLine]:
    """One page and one row more, by title."""
    title, id = paging.after(str, UUID) or ("", UUID(int=0))
    return await read.all(
        CourseLine,
        "SELECT id, title, course_code, org_id, school_year_id, grades, subjects, source_id, retired"
        " FROM course"
        " WHERE tenant_id = %(tenant)s AND (title, id) > (%(title)s, %(id)s)"
        " ORDER BY title, id LIMIT %(limit)s",
        title=title,
        id=id,
        limit=paging.limit + 1,
    )


async def course(read: Reading, course_id: UUID) -> CourseLine:
    found = await read.one(
        CourseLine,
        "SELECT id, title, course_code, org_id, school_year_id, grades, subjects, source_id, retired"
        " FROM course WHERE tenant_id = %(tenant)s AND id = %(id)s",
        id=course_id,
    )
    if found is None:
        raise NotFound
    return found
