"""Courses over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from academic.courses.catalogue import Catalogue, CourseLine, course, courses
from academic.courses.commands import create_course, restore_course, retire_course, revise_course
from academic.courses.course import CourseDetails, CourseIsRetired
from academic.fields import Short, Shorts, Title
from academic.orgs.org import root_org_id
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["courses"])


class CourseBody(Request):
    """Without an org the course belongs to the school as a whole."""

    title: Title
    course_code: Short | None = None
    org_id: UUID | None = None
    school_year_id: UUID | None = None
    grades: Shorts = ()
    subjects: Shorts = ()

    def details(self, tenant_id: UUID) -> CourseDetails:
        return CourseDetails(
            self.title,
            self.course_code,
            self.org_id or root_org_id(tenant_id),
            self.school_year_id,
            self.grades,
            self.subjects,
        )


@router.post("/courses", status_code=201, responses=problems(NotFound))
async def post_course(
    body: CourseBody, caller: Annotated[Caller, may("school.write", creates=True)]
) -> Answer[Receipt]:
    """Add a course to the catalogue."""
    saved = await create_course(caller.store, caller.call, uuid7(), body.details(caller.tenant_id))
    return caller.accepted(saved, "Course created")


@router.get("/courses")
async def get_courses(paging: Page, caller: Annotated[Caller, may("school.read")]) -> Answer[list[CourseLine]]:
    """The course catalogue, by title."""
    async with caller.reading(Catalogue) as read:
        lines = await courses(read, paging)
    return caller.page(lines, "Courses", read, paging, lambda line: (line.title, line.id))


@router.get("/courses/{course_id}", responses=problems(NotFound))
async def get_course(course_id: UUID, caller: Annotated[Caller, may("school.read")]) -> Answer[CourseLine]:
    """One course."""
    async with caller.reading(Catalogue) as read:
        line = await course(read, course_id)
    return caller.answer(line, "Course", read)


@router.post("/courses/{course_id}/revision", responses=problems(NotFound, CourseIsRetired))
async def post_course_revision(
    course_id: UUID, body: CourseBody, caller: Annotated[Caller, may("school.write")]
) -> Answer[Receipt]:
    """Revise a course: all its values at once."""
    saved = await revise_course(caller.store, caller.call, course_id, body.details(caller.tenant_id))
    return caller.accepted(saved, "Course revised")


@router.post("/courses/{course_id}/retirement", responses=problems(NotFound))
async def post_course_retirement(course_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Retire a course. It stays readable."""
    saved = await retire_course(caller.store, caller.call, course_id)
    return caller.accepted(saved, "Course retired")


@router.post("/courses/{course_id}/restoration", responses=problems(NotFound))
async def post_course_restoration(course_id: UUID, caller: Annotated[Caller, may("school.write")]) -> Answer[Receipt]:
    """Take a retired course into use again."""
    saved = await restore_course(caller.store, caller.call, course_id)
    return caller.accepted(saved, "Course restored")
