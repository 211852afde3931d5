"""Rolling over: the classes of one academic session once more in the next, without their students."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.seats import Assignment
from academic.classes.weekly_pattern import WeeklyPattern
from academic.loading import named
from academic.sessions.academic_session import AcademicSession, SessionIsClosed
from academic.source_ids import sourced
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import NotFound, Refused
from shared.ids import derived
from shared.store import EventStore

MOST = 400
"""Classes of one call: each is opened with its pattern and its teachers."""


class TooManyClasses(Refused):
    """More than 400 classes at once: name some of them."""


class SameSession(Refused):
    """Classes roll over into another academic session."""


@command
async def roll_over(
    store: EventStore, call: Call, session_id: UUID, into_id: UUID, class_ids: Sequence[UUID], *, teachers: bool
) -> Saved:
    """Stores all of them or none; `ids` are those of the new classes. What was rolled over before is left out, so to
    roll over again adds what is missing. Seats are as many, times of the week the same; people stay behind, but
    `teachers` come along. All have the correlation id of the call."""
    if into_id == session_id:
        raise SameSession(pointer="/into_id")
    await named(store, call, AcademicSession, session_id, "/session_id")
    into = await named(store, call, AcademicSession, into_id, "/into_id")
    if into.closed:
        raise SessionIsClosed(pointer="/into_id")
    if len(class_ids) > MOST:
        raise TooManyClasses(pointer="/class_ids")
    found = await store.get_many(Class, class_ids, call.tenant_id)
    copies = {each: derived(call.tenant_id, "rollover", into_id, each) for each in class_ids}
    known = await store.get_many(Class, copies.values(), call.tenant_id)
    new: list[Class] = []
    claims: list[Claim] = []
    for number, class_id in enumerate(class_ids):
        class_ = found.get(class_id)
        if class_ is None or session_id not in class_.details.academic_session_ids:
            raise NotFound(pointer=f"/class_ids/{number}")
        if copies[class_id] not in known:
            copy = copied(class_, copies[class_id], session_id, into, call.now)
            claims.append(sourced(call.tenant_id, "class", str(copy.id), copy.id))
            if teachers:
                claims += assign(copy, class_, into, call.now)
            new.append(copy)
    return await store.save(*new, call=call, claims=claims)


def copied(class_: Class, id: UUID, session_id: UUID, into: AcademicSession, now: datetime) -> Class:
    sessions = tuple(into.id if each == session_id else each for each in class_.details.academic_session_ids)
    details = replace(class_.details, academic_session_ids=sessions)
    copy = Class.open(id, class_.tenant_id, details, class_.capacity, None, now)
    if class_.pattern is not None:
        begin_on, end_on = into.details.start_on, into.details.end_on
        copy.set_weekly_pattern(WeeklyPattern(class_.pattern.lessons, begin_on, end_on, class_.pattern.every), now)
    return copy


def assign(copy: Class, class_: Class, into: AcademicSession, now: datetime) -> list[Claim]:
    """Those who taught the class to its end, from the first day of the new session on."""
    claims: list[Claim] = []
    for assignment_id, stay in class_.teachers.items():
        if stay.end_on is None or stay.end_on >= into.details.start_on:
            id = derived(copy.id, "assignment", assignment_id)
            copy.assign_teacher(id, Assignment(stay.person_id, into.details.start_on, None, stay.primary), now)
            claims.append(sourced(copy.tenant_id, "enrolment", str(id), copy.id))
    return claims
