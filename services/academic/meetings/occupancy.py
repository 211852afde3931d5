"""Who and what a meeting takes for its time: claims on each five minutes of its room and its teachers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from academic.meetings.class_meeting import ClassMeeting
from shared.calls import Call, Claim, Saved
from shared.errors import Refused
from shared.store import EventStore, Taken

ROOM, TEACHER, CLASS = "room-time", "teacher-time", "meeting"
SHOWN = 5

ClashReason = Literal["agreed", "shared-room", "team-teaching", "emergency", "other"]
"""Words from a list: why two meetings may take the same room or teacher at a time."""


class RoomTaken(Refused):
    """The room has another meeting at this time."""


class TeacherTaken(Refused):
    """The teacher has another meeting at this time."""


class MeetingExists(Refused):
    """The class has a meeting at this day and time."""


REFUSALS: dict[str, type[Refused]] = {ROOM: RoomTaken, TEACHER: TeacherTaken, CLASS: MeetingExists}


def place(meeting: ClassMeeting) -> Claim:
    """A class has one meeting at a time on a day."""
    return Claim(meeting.tenant_id, CLASS, f"{meeting.class_id}:{meeting.slot.key}", meeting.id)


@dataclass(frozen=True)
class Occupancy:
    """The claims of one meeting. A meeting that may clash takes only what is free."""

    place: Claim
    times: frozenset[Claim]

    @classmethod
    def of(cls, meeting: ClassMeeting) -> "Occupancy":
        taken = [(TEACHER, teacher_id) for teacher_id in meeting.teacher_ids]
        if meeting.room_id is not None:
            taken.append((ROOM, meeting.room_id))
        return cls(
            place(meeting),
            frozenset(
                Claim(meeting.tenant_id, kind, f"{id}:{step}", meeting.id)
                for kind, id in taken
                for step in meeting.slot.steps
            ),
        )

    @property
    def all(self) -> frozenset[Claim]:
        return self.times | {self.place}


async def save_meetings(
    store: EventStore,
    call: Call,
    meetings: Sequence[ClassMeeting],
    before: Iterable[Claim] = (),
    *,
    may_clash: bool = False,
    reply: dict[str, object] | None = None,
) -> Saved:
    """Stores the meetings together with the claims that they need now, and without those from before. Raises
    RoomTaken, TeacherTaken, MeetingExists."""
    known = set(before)
    wanted = {claim for meeting in meetings if not meeting.cancelled for claim in Occupancy.of(meeting).all}
    if may_clash:
        wanted -= await taken_by_others(store, call, wanted)
    new, left = sorted_claims(wanted - known), sorted_claims(known - wanted)
    try:
        return await store.save(*meetings, call=call, claims=new, releases=left, reply=reply)
    except Taken as taken:
        raise REFUSALS[taken.kind](await told(store, call, taken.kind, wanted)) from None


async def taken_by_others(store: EventStore, call: Call, wanted: Iterable[Claim]) -> set[Claim]:
    times = [claim for claim in wanted if claim.kind != CLASS]
    owners = await store.owners(call.tenant_id, times)
    return {claim for claim in times if owners.get((claim.kind, claim.key), claim.owner) != claim.owner}


async def told(store: EventStore, call: Call, kind: str, wanted: Iterable[Claim]) -> str:
    """Which meetings are in the way, and when."""
    claims = sorted_claims(claim for claim in wanted if claim.kind == kind)
    owners = await store.owners(call.tenant_id, claims)
    found = {
        owners[kind, claim.key]: claim.key.partition(":")[2]
        for claim in reversed(claims)
        if owners.get((kind, claim.key), claim.owner) != claim.owner
    }
    shown = [f"{id} at {at}" for id, at in list(found.items())[:SHOWN]]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{REFUSALS[kind].__doc__} In the way: {'; '.join(shown)}{more}." if found else ""


def sorted_claims(claims: Iterable[Claim]) -> list[Claim]:
    return sorted(claims, key=lambda claim: (claim.kind, claim.key))
