"""The view behind OneRoster: what its REST endpoints and its CSV files tell of a school."""

from datetime import timedelta
from typing import Any, ClassVar

from academic.classes.class_ import Class
from academic.courses.course import Course
from academic.oneroster.tables import AGENTS, CLASSES, COURSES, ENROLLMENTS, ORGS, SESSIONS, USERS
from academic.orgs.org import Org
from academic.people.details import PERSONAL
from academic.people.person import Person
from academic.sessions.academic_session import AcademicSession
from shared.tables import Row
from shared.views import Fact, Rows, Table, View, on

AHEAD = timedelta(days=1)
"""A withdrawal from today on may name the day after the event's day in UTC."""


class Rostering(View):
    """A class without a course stands for its own course, because the standard has no class without one."""

    NAME = "oneroster"
    SOURCE = "academic"
    TABLES: ClassVar = (ORGS, SESSIONS, COURSES, CLASSES, USERS, AGENTS, ENROLLMENTS)

    @on(Org.OrgCreated)
    def org_created(self, fact: Fact[Org.OrgCreated], rows: Rows) -> None:
        data = fact.data
        told = {"name": data.name, "type": data.type, "identifier": data.identifier, "parent_id": data.parent_id}
        rows.put(ORGS, head(fact) | told)

    @on(Org.Renamed, Org.Moved, Org.Revised)
    def org_changed(self, fact: Fact[Org.Revised], rows: Rows) -> None:
        names = ("name", "type", "identifier", "parent_id")
        told = {name: getattr(fact.data, name) for name in names if hasattr(fact.data, name)}
        change(rows, ORGS, fact, **told)

    @on(Org.Retired)
    def org_retired(self, fact: Fact[Org.Retired], rows: Rows) -> None:
        change(rows, ORGS, fact, gone=True)

    @on(Org.Restored)
    def org_restored(self, fact: Fact[Org.Restored], rows: Rows) -> None:
        change(rows, ORGS, fact, gone=False)

    @on(AcademicSession.Opened)
    def session_opened(self, fact: Fact[AcademicSession.Opened], rows: Rows) -> None:
        rows.put(SESSIONS, head(fact) | session(fact.data))

    @on(AcademicSession.Revised)
    def session_revised(self, fact: Fact[AcademicSession.Revised], rows: Rows) -> None:
        change(rows, SESSIONS, fact, **session(fact.data))

    @on(AcademicSession.DatesChanged)
    def session_dates_changed(self, fact: Fact[AcademicSession.DatesChanged], rows: Rows) -> None:
        change(rows, SESSIONS, fact, start_on=fact.data.start_on, end_on=fact.data.end_on)

    @on(AcademicSession.Closed)
    def session_closed(self, fact: Fact[AcademicSession.Closed], rows: Rows) -> None:
        change(rows, SESSIONS, fact, gone=True)

    @on(AcademicSession.Reopened)
    def session_reopened(self, fact: Fact[AcademicSession.Reopened], rows: Rows) -> None:
        change(rows, SESSIONS, fact, gone=False)

    @on(Course.CourseCreated)
    def course_created(self, fact: Fact[Course.CourseCreated], rows: Rows) -> None:
        rows.put(COURSES, head(fact) | course(fact.data))

    @on(Course.Revised)
    def course_revised(self, fact: Fact[Course.Revised], rows: Rows) -> None:
        change(rows, COURSES, fact, **course(fact.data))

    @on(Course.Retired)
    def course_retired(self, fact: Fact[Course.Retired], rows: Rows) -> None:
        change(rows, COURSES, fact, gone=True)

    @on(Course.Restored)
    def course_restored(self, fact: Fact[Course.Restored], rows: Rows) -> None:
        change(rows, COURSES, fact, gone=False)

    @on(Class.Opened)
    def class_opened(self, fact: Fact[Class.Opened], rows: Rows) -> None:
        row = head(fact) | class_(fact)
        rows.put(CLASSES, row)
        own_course(rows, row, fact.data)

    @on(Class.Revised)
    async def class_revised(self, fact: Fact[Class.Revised], rows: Rows) -> None:
        change(rows, CLASSES, fact, **class_(fact))
        row = await rows.get(CLASSES, (fact.tenant_id, fact.aggregate_id))
        if row is not None:
            own_course(rows, row, fact.data)

    @on(Class.Closed)
    def class_closed(self, fact: Fact[Class.Closed], rows: Rows) -> None:
        change(rows, CLASSES, fact, gone=True)
        change(rows, COURSES, fact, gone=True)

    @on(Class.Reopened)
    def class_reopened(self, fact: Fact[Class.Reopened], rows: Rows) -> None:
        change(rows, CLASSES, fact, gone=False)
        change(rows, COURSES, fact, gone=False)

    @on(Person.Registered)
    def registered(self, fact: Fact[Person.Registered], rows: Rows) -> None:
        rows.put(USERS, head(fact) | person(fact.data))

    @on(Person.DetailsCorrected)
    def corrected(self, fact: Fact[Person.DetailsCorrected], rows: Rows) -> None:
        change(rows, USERS, fact, **person(fact.data))

    @on(Person.Archived)
    def archived(self, fact: Fact[Person.Archived], rows: Rows) -> None:
        change(rows, USERS, fact, gone=True)

    @on(Person.Restored)
    def restored(self, fact: Fact[Person.Restored], rows: Rows) -> None:
        change(rows, USERS, fact, gone=False)

    @on(Person.GuardianLinked)
    def guardian_linked(self, fact: Fact[Person.GuardianLinked], rows: Rows) -> None:
        link = {"person_id": fact.aggregate_id, "guardian_id": fact.data.guardian_id}
        rows.put(AGENTS, {"tenant_id": fact.tenant_id, **link})
        change(rows, USERS, fact)

    @on(Person.GuardianUnlinked)
    def guardian_unlinked(self, fact: Fact[Person.GuardianUnlinked], rows: Rows) -> None:
        rows.remove(AGENTS, (fact.tenant_id, fact.aggregate_id, fact.data.guardian_id))
        change(rows, USERS, fact)

    @on(Class.StudentEnrolled)
    def enrolled(self, fact: Fact[Class.StudentEnrolled], rows: Rows) -> None:
        sourced_id = fact.data.source_id or str(fact.data.enrolment_id)
        rows.put(ENROLLMENTS, stay(fact, sourced_id, role="student", is_primary=False))

    @on(Class.TeacherAssigned)
    async def assigned(self, fact: Fact[Class.TeacherAssigned], rows: Rows) -> None:
        known = await rows.get(ENROLLMENTS, (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id))
        before = str(fact.data.enrolment_id) if known is None else str(known["sourced_id"])
        sourced_id = fact.data.source_id or before
        rows.put(ENROLLMENTS, stay(fact, sourced_id, role="teacher", is_primary=fact.data.primary))

    @on(Class.EnrollmentDatesChanged)
    def dates_changed(self, fact: Fact[Class.EnrollmentDatesChanged], rows: Rows) -> None:
        days = {"begin_on": fact.data.begin_on, "end_on": fact.data.end_on}
        rows.change(ENROLLMENTS, enrolment(fact), changed=fact.time, gone=False, **days)

    @on(Class.StudentWithdrawn, Class.TeacherUnassigned)
    def left(self, fact: Fact[Class.StudentWithdrawn], rows: Rows) -> None:
        """Who leaves on a day that is still to come stays active until its end date."""
        gone = fact.data.on <= (fact.time + AHEAD).date()
        rows.change(ENROLLMENTS, enrolment(fact), changed=fact.time, gone=gone, end_on=fact.data.on)


def head(fact: Fact[Any]) -> Row:
    return {
        "tenant_id": fact.tenant_id,
        "id": fact.aggregate_id,
        "sourced_id": fact.data.source_id or str(fact.aggregate_id),
        "gone": False,
        "changed": fact.time,
    }


def change(rows: Rows, table: Table, fact: Fact[Any], **news: Any) -> None:
    rows.change(table, (fact.tenant_id, fact.aggregate_id), changed=fact.time, **news)


def session(data: AcademicSession.Opened | AcademicSession.Revised) -> Row:
    names = ("title", "type", "start_on", "end_on", "parent_id")
    year = data.school_year or str(data.end_on.year)
    return {name: getattr(data, name) for name in names} | {"school_year": year}


def course(data: Course.CourseCreated | Course.Revised) -> Row:
    names = ("title", "course_code", "org_id", "school_year_id", "grades", "subjects")
    return {name: getattr(data, name) for name in names}


def class_(fact: Fact[Class.Opened] | Fact[Class.Revised]) -> Row:
    data = fact.data
    return {
        "title": data.title,
        "class_code": data.class_code,
        "class_type": data.class_type,
        "course_id": data.course_id or fact.aggregate_id,
        "org_id": data.org_id,
        "session_ids": data.academic_session_ids,
        "location": data.labels.location,
        "grades": data.labels.grades,
        "subjects": data.labels.subjects,
        "periods": data.labels.periods,
    }


def own_course(rows: Rows, class_row: Row, data: Class.Opened | Class.Revised) -> None:
    """The course of a class that has none: its own id and title."""
    if data.course_id is not None:
        rows.remove(COURSES, (class_row["tenant_id"], class_row["id"]))
        return
    shared = {name: class_row[name] for name in COURSES.columns if name in class_row}
    rows.put(COURSES, {"course_code": None, "school_year_id": None, **shared})


def person(data: Person.Registered | Person.DetailsCorrected) -> Row:
    sealed = {name: getattr(data, name) for name in PERSONAL}
    told = {"roles": data.roles, "org_ids": data.org_ids, "grades": data.grades}
    return told | {name: None if value is None else value.text for name, value in sealed.items()}


def enrolment(fact: Fact[Any]) -> tuple[Any, ...]:
    return (fact.tenant_id, fact.aggregate_id, fact.data.enrolment_id)


def stay(fact: Fact[Any], sourced_id: str, **told: Any) -> Row:
    data = fact.data
    days = {"person_id": data.person_id, "begin_on": data.begin_on, "end_on": data.end_on}
    ids = {"tenant_id": fact.tenant_id, "class_id": fact.aggregate_id, "id": data.enrolment_id}
    return {**ids, "sourced_id": sourced_id, "gone": False, "changed": fact.time, **days, **told}
