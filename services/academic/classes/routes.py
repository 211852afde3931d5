"""Classes over HTTP."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from academic.classes.class_list import ClassLine, ClassList, class_line, classes
from academic.classes.commands import close_class, open_class, reopen_class, revise_class, set_capacity
from academic.classes.details import ClassDetails, ClassType, Labels
from academic.classes.own_classes import OWN_CLASSES, own_class, reached_classes, today
from academic.classes.refusals import ClassIsClosed, SeatsTaken
from academic.courses.course import CourseIsRetired
from academic.fields import Day, Ext, Ids, Seats, Short, Shorts, Title
from academic.orgs.org import root_org_id
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["classes"])

OnDay = Annotated[Day | None, Query(description="Count who is in the class on this day (today, UTC)")]


class ClassBody(Request):
    """Without an org the class belongs to the school as a whole."""

    title: Title
    class_code: Short | None = None
    class_type: ClassType | Ext = "scheduled"
    course_id: UUID | None = None
    org_id: UUID | None = None
    academic_session_ids: Ids = ()
    location: Short | None = None
    grades: Shorts = ()
    subjects: Shorts = ()
    periods: Shorts = ()

    def details(self, tenant_id: UUID) -> ClassDetails:
        return ClassDetails(
            self.title,
            self.class_code,
            self.class_type,
            self.course_id,
            self.org_id or root_org_id(tenant_id),
            self.academic_session_ids,
            Labels(self.location, self.grades, self.subjects, self.periods),
        )


class NewClass(ClassBody):
    """Without a capacity the class takes as many as come."""

    capacity: Seats | None = None


class Capacity(Request):
    """null: as many as come."""

    capacity: Seats | None


@router.post("/classes", status_code=201, responses=problems(NotFound, CourseIsRetired))
async def post_class(body: NewClass, caller: Annotated[Caller, may("classes.write", creates=True)]) -> Answer[Receipt]:
    """Open a class: an offering of a course in a period."""
    details = body.details(caller.tenant_id)
    saved = await open_class(caller.store, caller.call, uuid7(), details, body.capacity)
    return caller.accepted(saved, "Class opened")


@router.get("/classes")
async def get_classes(
    paging: Page, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)], on: OnDay = None
) -> Answer[list[ClassLine]]:
    """All classes by title, with counts; for a teacher the own ones."""
    only = await reached_classes(caller)
    async with caller.reading(ClassList) as read:
        lines = await classes(read, paging, on or today(caller), only)
    return caller.page(lines, "Classes", read, paging, lambda line: (line.title, line.id))


@router.get("/classes/{class_id}", responses=problems(NotFound))
async def get_class(
    class_id: UUID, caller: Annotated[Caller, may("classes.read", rule=OWN_CLASSES)], on: OnDay = None
) -> Answer[ClassLine]:
    """One class with counts."""
    await caller.decide(own_class(class_id))
    async with caller.reading(ClassList) as read:
        line = await class_line(read, class_id, on or today(caller))
    return caller.answer(line, "Class", read)


@router.post("/classes/{class_id}/revision", responses=problems(NotFound, ClassIsClosed, CourseIsRetired))
async def post_class_revision(
    class_id: UUID, body: ClassBody, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Revise a class: all its values at once."""
    saved = await revise_class(caller.store, caller.call, class_id, body.details(caller.tenant_id))
    return caller.accepted(saved, "Class revised")


@router.post("/classes/{class_id}/capacity", responses=problems(NotFound, SeatsTaken))
async def post_capacity(
    class_id: UUID, body: Capacity, caller: Annotated[Caller, may("classes.write")]
) -> Answer[Receipt]:
    """Set how many seats the class has. Never below what is taken on any day."""
    saved = await set_capacity(caller.store, caller.call, class_id, body.capacity)
    return caller.accepted(saved, "Capacity set")


@router.post("/classes/{class_id}/closure", responses=problems(NotFound))
async def post_class_closure(class_id: UUID, caller: Annotated[Caller, may("classes.write")]) -> Answer[Receipt]:
    """Close a class. It stays readable."""
    saved = await close_class(caller.store, caller.call, class_id)
    return caller.accepted(saved, "Class closed")


@router.post("/classes/{class_id}/reopening", responses=problems(NotFound))
async def post_class_reopening(class_id: UUID, caller: Annotated[Caller, may("classes.write")]) -> Answer[Receipt]:
    """Open a closed class again."""
    saved = await reopen_class(caller.store, caller.call, class_id)
    return caller.accepted(saved, "Class reopened")
