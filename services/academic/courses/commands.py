"""What can be done with a course."""

from uuid import UUID

from academic.courses.course import Course, CourseDetails
from academic.loading import named
from academic.orgs.org import Org
from academic.sessions.academic_session import AcademicSession
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def create_course(store: EventStore, call: Call, course_id: UUID, details: CourseDetails) -> Saved:
    await _known(store, call, details)
    course = Course.create(course_id, call.tenant_id, details, None, call.now)
    claim = sourced(call.tenant_id, "course", str(course_id), course_id)
    return await store.save(course, call=call, claims=[claim])


@command
async def revise_course(store: EventStore, call: Call, course_id: UUID, details: CourseDetails) -> Saved:
    await _known(store, call, details)
    return await store.change(Course, course_id, lambda c: c.revise(details, call.now), call=call)


@command
async def retire_course(store: EventStore, call: Call, course_id: UUID) -> Saved:
    return await store.change(Course, course_id, lambda c: c.retire(call.now), call=call)


@command
async def restore_course(store: EventStore, call: Call, course_id: UUID) -> Saved:
    return await store.change(Course, course_id, lambda c: c.restore(call.now), call=call)


async def _known(store: EventStore, call: Call, details: CourseDetails) -> None:
    await named(store, call, Org, details.org_id, "/org_id")
    if details.school_year_id is not None:
        await named(store, call, AcademicSession, details.school_year_id, "/school_year_id")
