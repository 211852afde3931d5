"""Guests of one meeting: somebody with a seat in it who is not enrolled in the class on that day."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal
from uuid import UUID

from academic.classes.seats import Stay
from shared.errors import NotFound, Refused

GuestKind = Literal["trial", "guest", "make-up"]


class AlreadyGuest(Refused):
    """This person has a place in this meeting already."""


class PlaceUnknown(NotFound):
    """The meeting has no such guest."""


@dataclass(frozen=True)
class GuestPlace:
    """`on`: the day of the meeting when the place was taken. `credit_id`: the make-up credit that pays for it."""

    person_id: UUID
    meeting_id: UUID
    on: date
    kind: GuestKind
    credit_id: UUID | None = None


def beside(guests: Iterable[GuestPlace], stays: Collection[Stay]) -> list[Stay]:
    """What guests take of the seats beside these stays: on each day the fullest meeting counts, and a guest who is
    enrolled on that day has a seat already."""
    meetings: defaultdict[date, defaultdict[UUID, list[Stay]]] = defaultdict(lambda: defaultdict(list))
    for guest in guests:
        if not any(stay.person_id == guest.person_id and stay.covers(guest.on) for stay in stays):
            stay = Stay(guest.person_id, guest.on, guest.on + timedelta(days=1))
            meetings[guest.on][guest.meeting_id].append(stay)
    return [stay for day in meetings.values() for stay in max(day.values(), key=len)]
