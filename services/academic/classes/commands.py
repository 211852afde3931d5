"""What can be done with a class."""

from datetime import date
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.details import ClassDetails
from academic.classes.seats import Assignment, Enrolment
from academic.classes.weekly_pattern import WeeklyPattern
from academic.courses.course import Course
from academic.loading import as_seen, named
from academic.orgs.org import Org
from academic.people.person import Person
from academic.rooms.room import Room
from academic.sessions.academic_session import AcademicSession
from academic.source_ids import sourced
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import NotFound
from shared.store import EventStore


@command
async def open_class(
    store: EventStore, call: Call, class_id: UUID, details: ClassDetails, capacity: int | None
) -> Saved:
    await _known(store, call, details)
    class_ = Class.open(class_id, call.tenant_id, details, capacity, None, call.now)
    claim = sourced(call.tenant_id, "class", str(class_id), class_id)
    return await store.save(class_, call=call, claims=[claim])


@command
async def revise_class(store: EventStore, call: Call, class_id: UUID, details: ClassDetails) -> Saved:
    await _known(store, call, details)
    return await store.change(Class, class_id, lambda c: c.revise(details, call.now), call=call)


@command
async def set_capacity(store: EventStore, call: Call, class_id: UUID, capacity: int | None) -> Saved:
    return await store.change(Class, class_id, lambda c: c.set_capacity(capacity, call.now), call=call)


@command
async def set_weekly_pattern(store: EventStore, call: Call, class_id: UUID, pattern: WeeklyPattern) -> Saved:
    for number, lesson in enumerate(pattern.lessons):
        if lesson.room_id is not None:
            (await named(store, call, Room, lesson.room_id, f"/lessons/{number}/room_id")).in_use()
    return await store.change(Class, class_id, lambda c: c.set_weekly_pattern(pattern, call.now), call=call)


@command
async def enrol_student(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID, stay: Enrolment) -> Saved:
    """Replies with the enrolment's id."""
    await named(store, call, Person, stay.person_id, "/person_id")
    async with store.turn(call, class_id):
        class_ = await store.get(Class, class_id, call.tenant_id)
        as_seen(call, class_)
        class_.enrol(enrolment_id, stay, call.now)
        claim = sourced(call.tenant_id, "enrolment", str(enrolment_id), class_id)
        return await store.save(class_, call=call, claims=[claim], reply={"enrolment_id": str(enrolment_id)})


@command
async def change_enrolment_dates(
    store: EventStore,
    call: Call,
    class_id: UUID,
    enrolment_id: UUID,
    begin_on: date | None,
    end_on: date | None,
) -> Saved:
    return await store.change(
        Class, class_id, lambda c: c.change_dates(enrolment_id, begin_on, end_on, call.now), call=call
    )


@command
async def withdraw_student(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID, on: date) -> Saved:
    return await store.change(Class, class_id, lambda c: c.withdraw(enrolment_id, on, call.now), call=call)


@command
async def assign_teacher(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID, stay: Assignment) -> Saved:
    """Replies with the assignment's id."""
    await named(store, call, Person, stay.person_id, "/person_id")
    async with store.turn(call, class_id):
        class_ = await store.get(Class, class_id, call.tenant_id)
        as_seen(call, class_)
        class_.assign_teacher(enrolment_id, stay, call.now)
        claim = sourced(call.tenant_id, "enrolment", str(enrolment_id), class_id)
        return await store.save(class_, call=call, claims=[claim], reply={"enrolment_id": str(enrolment_id)})


@command
async def unassign_teacher(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID, on: date) -> Saved:
    return await store.change(Class, class_id, lambda c: c.unassign_teacher(enrolment_id, on, call.now), call=call)


@command
async def close_class(store: EventStore, call: Call, class_id: UUID) -> Saved:
    return await store.change(Class, class_id, lambda c: c.close(call.now), call=call)


@command
async def reopen_class(store: EventStore, call: Call, class_id: UUID) -> Saved:
    return await store.change(Class, class_id, lambda c: c.reopen(call.now), call=call)


async def _known(store: EventStore, call: Call, details: ClassDetails) -> None:
    await named(store, call, Org, details.org_id, "/org_id")
    if details.course_id is not None:
        course = await named(store, call, Course, details.course_id, "/course_id")
        course.in_use()
    sessions = await store.get_many(AcademicSession, details.academic_session_ids, call.tenant_id)
    for number, session_id in enumerate(details.academic_session_ids):
        if session_id not in sessions:
            raise NotFound(pointer=f"/academic_session_ids/{number}")
