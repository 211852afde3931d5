"""Rows that are one aggregate each: how a row becomes, changes or retires an org, a session, a course, a class."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.details import ClassDetails, Labels
from academic.courses.course import Course, CourseDetails
from academic.imports.counts import Action
from academic.imports.oneroster.records import ClassRow, CourseRow, OrgRow, Record, SessionRow
from academic.orgs.org import Org, OrgDetails, root_org_id
from academic.sessions.academic_session import AcademicSession, SessionDetails
from academic.source_ids import class_id, course_id, org_id, session_id
from shared.events import Aggregate

A = TypeVar("A", bound=Aggregate)
R = TypeVar("R", bound=Record)


@dataclass(frozen=True)
class Thing(Generic[A, R]):
    """One kind of them. `whole` says whether a row tells enough to make the thing from."""

    name: str
    type: type[A]
    id: Callable[[UUID, str], UUID]
    whole: Callable[[R], bool]
    create: Callable[[UUID, UUID, R, datetime], A]
    revise: Callable[[A, R, datetime], None]
    retire: Callable[[A, datetime], None]
    restore: Callable[[A, datetime], None]
    retired: Callable[[A], bool]

    def settle(self, tenant_id: UUID, row: R, current: A | None, now: datetime) -> tuple[A | None, Action]:
        """The thing as the row wants it. The file wins over what was changed here by hand."""
        if current is None:
            return self._made(tenant_id, row, now)
        version = current.version
        if row.status == "tobedeleted":
            self.retire(current, now)
            return current, "retired" if current.version > version else "unchanged"
        if row.line > 0:
            self.restore(current, now)
            self.revise(current, row, now)
        return current, "revised" if current.version > version else "unchanged"

    def _made(self, tenant_id: UUID, row: R, now: datetime) -> tuple[A | None, Action]:
        if not self.whole(row):
            return None, "skipped"
        made = self.create(self.id(tenant_id, row.sourced_id), tenant_id, row, now)
        if row.status == "active":
            return made, "created"
        self.retire(made, now)
        return made, "retired"


def _org(tenant_id: UUID, row: OrgRow) -> OrgDetails:
    parent = org_id(tenant_id, row.parent) if row.parent else root_org_id(tenant_id)
    return OrgDetails(row.type, row.name, parent, row.identifier or None)


ORGS = Thing[Org, OrgRow](
    "org",
    Org,
    org_id,
    whole=lambda row: bool(row.name and row.type),
    create=lambda id, tenant_id, row, now: Org.create(id, tenant_id, _org(tenant_id, row), row.sourced_id, now),
    revise=lambda org, row, now: org.revise(_org(org.tenant_id, row), now),
    retire=Org.retire,
    restore=Org.restore,
    retired=lambda org: org.retired,
)


def _session(tenant_id: UUID, row: SessionRow) -> SessionDetails:
    parent = session_id(tenant_id, row.parent) if row.parent else None
    return SessionDetails(row.type, row.title, row.begin_on, row.end_on, row.school_year or None, parent)


SESSIONS = Thing[AcademicSession, SessionRow](
    "academic-session",
    AcademicSession,
    session_id,
    whole=lambda row: bool(row.title and row.type and row.begin_on < row.end_on),
    create=lambda id, tenant_id, row, now: AcademicSession.open(
        id, tenant_id, _session(tenant_id, row), row.sourced_id, now
    ),
    revise=lambda session, row, now: session.revise(_session(session.tenant_id, row), now),
    retire=AcademicSession.close,
    restore=AcademicSession.reopen,
    retired=lambda session: session.closed,
)


def _course(tenant_id: UUID, row: CourseRow) -> CourseDetails:
    year = session_id(tenant_id, row.school_year) if row.school_year else None
    return CourseDetails(row.title, row.code or None, _place(tenant_id, row.org), year, row.grades, row.subjects)


COURSES = Thing[Course, CourseRow](
    "course",
    Course,
    course_id,
    whole=lambda row: bool(row.title),
    create=lambda id, tenant_id, row, now: Course.create(id, tenant_id, _course(tenant_id, row), row.sourced_id, now),
    revise=lambda course, row, now: course.revise(_course(course.tenant_id, row), now),
    retire=Course.retire,
    restore=Course.restore,
    retired=lambda course: course.retired,
)


def _class(tenant_id: UUID, row: ClassRow) -> ClassDetails:
    return ClassDetails(
        row.title,
        row.code or None,
        row.type or "scheduled",
        course_id(tenant_id, row.course) if row.course else None,
        _place(tenant_id, row.school),
        tuple(session_id(tenant_id, term) for term in row.terms),
        Labels(row.location or None, row.grades, row.subjects, row.periods),
    )


CLASSES = Thing[Class, ClassRow](
    "class",
    Class,
    class_id,
    whole=lambda row: bool(row.title),
    create=lambda id, tenant_id, row, now: Class.open(id, tenant_id, _class(tenant_id, row), None, row.sourced_id, now),
    revise=lambda class_, row, now: class_.revise(_class(class_.tenant_id, row), now),
    retire=Class.close,
    restore=Class.reopen,
    retired=lambda class_: class_.closed,
)


def _place(tenant_id: UUID, org: str) -> UUID:
    return org_id(tenant_id, org) if org else root_org_id(tenant_id)
