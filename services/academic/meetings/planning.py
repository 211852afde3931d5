"""Planning meetings of a class: on a list of days, or from its weekly pattern."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from academic.calendars.commands import non_teaching_days
from academic.classes.class_ import Class
from academic.classes.weekly_pattern import PatternMissing, Planned, lessons_between
from academic.loading import named
from academic.meetings.class_meeting import ClassMeeting, Staffing
from academic.meetings.occupancy import ClashReason, place, save_meetings
from academic.meetings.slot import Slot
from academic.orgs.commands import zone_of
from academic.rooms.room import Room
from shared.calls import Call, Saved
from shared.commands import command
from shared.errors import Refused
from shared.ids import derived
from shared.store import EventStore

MOST = 400
"""Meetings of one call."""


class TooManyMeetings(Refused):
    """More than 400 meetings lie between these days: plan a shorter time first."""


@dataclass(frozen=True)
class Skipped:
    """A day of the pattern on which nothing is planned: the title of the day without teaching, or `exists`."""

    on: date
    starts: str
    why: str


@command
async def plan_meetings(
    store: EventStore,
    call: Call,
    class_id: UUID,
    days: Mapping[UUID, date],
    starts: str,
    ends: str,
    zone: str | None = None,
    room_id: UUID | None = None,
    clash_reason: ClashReason | None = None,
) -> Saved:
    """`days`: the id that each meeting gets, and its day. Without a zone it is the one of the class's org. The class's
    teachers of each day teach it."""
    class_ = await store.get(Class, class_id, call.tenant_id)
    class_.in_use()
    if room_id is not None:
        (await named(store, call, Room, room_id, "/room_id")).in_use()
    zone = zone or await zone_of(store, call, class_.details.org_id)
    meetings = [
        ClassMeeting.plan(
            id,
            call.tenant_id,
            class_id,
            Slot(day, starts, ends, zone),
            call.now,
            Staffing(room_id, class_.teachers_on(day)),
            clash_reason,
        )
        for id, day in days.items()
    ]
    return await save_meetings(store, call, meetings, may_clash=clash_reason is not None)


@command
async def plan_from_pattern(
    store: EventStore,
    call: Call,
    class_id: UUID,
    first: date,
    last: date,
    zone: str | None = None,
    clash_reason: ClashReason | None = None,
) -> Saved:
    """Days without teaching are left out, and so is what was planned before, moved and cancelled meetings included:
    to plan again is safe. `reply` says what was left out."""
    class_ = await store.get(Class, class_id, call.tenant_id)
    class_.in_use()
    if class_.pattern is None:
        raise PatternMissing
    wanted = lessons_between(class_.pattern, first, last)
    if len(wanted) > MOST:
        raise TooManyMeetings(pointer="/last")
    rooms = {lesson.room_id for _, lesson in wanted if lesson.room_id is not None}
    for room in (await store.get_many(Room, rooms, call.tenant_id)).values():
        room.in_use()
    free = await non_teaching_days(store, call, class_.details.org_id, first, last)
    zone = zone or await zone_of(store, call, class_.details.org_id)
    taught = [(day, lesson) for day, lesson in wanted if day not in free]
    ids = await _ids(
        store, call, [derived(call.tenant_id, "meeting", class_id, day, each.starts) for day, each in taught]
    )
    planned = [
        ClassMeeting.plan(
            id,
            call.tenant_id,
            class_id,
            Slot(day, lesson.starts, lesson.ends, zone),
            call.now,
            Staffing(lesson.room_id, class_.teachers_on(day)),
            clash_reason,
        )
        for id, (day, lesson) in zip(ids, taught, strict=True)
    ]
    known = await _known(store, call, planned)
    meetings = [meeting for meeting in planned if meeting.id not in known]
    skipped = _skipped(wanted, free, [meeting for meeting in planned if meeting.id in known])
    told = [{"on": str(each.on), "starts": each.starts, "why": each.why} for each in skipped]
    return await save_meetings(store, call, meetings, may_clash=clash_reason is not None, reply={"skipped": told})


async def _ids(store: EventStore, call: Call, ids: Sequence[UUID]) -> list[UUID]:
    """A meeting whose planning was undone makes room for another one at its time."""
    found = list(ids)
    while undone := {
        id for id, meeting in (await store.get_many(ClassMeeting, found, call.tenant_id)).items() if meeting.undone
    }:
        found = [derived(call.tenant_id, "meeting", id) if id in undone else id for id in found]
    return found


async def _known(store: EventStore, call: Call, planned: Sequence[ClassMeeting]) -> set[UUID]:
    """Those that were planned before, from the pattern or by hand."""
    before = await store.get_many(ClassMeeting, [meeting.id for meeting in planned], call.tenant_id)
    places = {meeting.id: place(meeting) for meeting in planned}
    owners = await store.owners(call.tenant_id, list(places.values()))
    return set(before) | {id for id, claim in places.items() if (claim.kind, claim.key) in owners}


def _skipped(wanted: Sequence[Planned], free: Mapping[date, str], known: Sequence[ClassMeeting]) -> list[Skipped]:
    off = [Skipped(day, lesson.starts, free[day]) for day, lesson in wanted if day in free]
    there = [Skipped(meeting.slot.held_on, meeting.slot.starts, "exists") for meeting in known]
    return sorted([*off, *there], key=lambda each: (each.on, each.starts))
