"""What can be done with a waiting list: join, leave, offer what is free, accept, let an offer lapse."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from academic.classes.class_ import Class
from academic.classes.refusals import AlreadyEnrolled, ClassIsClosed, SeatsTaken
from academic.classes.seats import Enrolment
from academic.loading import named
from academic.people.person import Person
from academic.source_ids import sourced
from academic.waitlists.waitlist import Waitlist, WhenFree, waitlist_id
from shared.calls import Call, Claim, Saved
from shared.commands import command
from shared.errors import Refused
from shared.store import EventStore


class SeatAvailable(Refused):
    """The class has a seat on all these days: enrol the student."""


@command
async def join_waitlist(
    store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID, stay: Enrolment, when_free: WhenFree
) -> Saved:
    """Replies with the id of the enrolment that it may become."""
    await named(store, call, Person, stay.person_id, "/person_id")
    async with both(store, call, class_id) as (class_, waitlist):
        try:
            class_.check_seat(enrolment_id, stay)
        except SeatsTaken:
            pass
        else:
            if not waitlist.waiting:
                raise SeatAvailable
        waitlist.join(enrolment_id, stay, when_free, call.now)
        return await store.save(waitlist, call=call, reply={"enrolment_id": str(enrolment_id)})


@command
async def leave_waitlist(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID) -> Saved:
    """A seat that was kept is free again. Raises NotWaiting."""
    async with both(store, call, class_id) as (class_, waitlist):
        waitlist.leave(enrolment_id, call.now)
        class_.end_reservation(enrolment_id, call.now)
        return await store.save(waitlist, class_, call=call)


@command
async def offer_seats(store: EventStore, call: Call, class_id: UUID) -> Saved:
    """Whatever is free goes to those who wait, in their order. Somebody whose days do not fit holds up nobody."""
    async with both(store, call, class_id) as (class_, waitlist):
        claims: list[Claim] = []
        for entry in waitlist.waiting:
            if not has_seat(class_, entry.id, entry.stay):
                continue
            if entry.when_free == "enrol":
                class_.enrol(entry.id, waitlist.promote(entry.id, call.now), call.now)
                claims.append(claim_of(call, class_id, entry.id))
            else:
                waitlist.offer(entry.id, call.now)
                class_.reserve(entry.id, entry.stay, call.now)
        changed = [each for each in (waitlist, class_) if each.pending_events]
        return await store.save(*changed, call=call, claims=claims)


@command
async def accept_offer(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID) -> Saved:
    """The kept seat becomes an enrolment."""
    async with both(store, call, class_id) as (class_, waitlist):
        class_.enrol(enrolment_id, waitlist.accept(enrolment_id, call.now), call.now)
        claims = [claim_of(call, class_id, enrolment_id)]
        reply = {"enrolment_id": str(enrolment_id)}
        return await store.save(class_, waitlist, call=call, claims=claims, reply=reply)


@command
async def lapse_offer(store: EventStore, call: Call, class_id: UUID, enrolment_id: UUID) -> Saved:
    """Nothing, where it was accepted or its time is not over."""
    async with both(store, call, class_id) as (class_, waitlist):
        waitlist.lapse(enrolment_id, call.now)
        if enrolment_id not in waitlist.entries:
            class_.end_reservation(enrolment_id, call.now)
        return await store.save(waitlist, class_, call=call)


@asynccontextmanager
async def both(store: EventStore, call: Call, class_id: UUID) -> AsyncIterator[tuple[Class, Waitlist]]:
    """A class and its waiting list, for one append. Raises NotFound."""
    id = waitlist_id(call.tenant_id, class_id)
    async with store.turn(call, class_id, id):
        class_ = await store.get(Class, class_id, call.tenant_id)
        waitlist = await store.find(Waitlist, id, call.tenant_id)
        yield class_, waitlist or Waitlist(id=id, tenant_id=call.tenant_id, class_id=class_id, timestamp=call.now)


def has_seat(class_: Class, enrolment_id: UUID, stay: Enrolment) -> bool:
    """Somebody who came in by another way meanwhile has none here."""
    try:
        class_.check_seat(enrolment_id, stay)
    except (SeatsTaken, ClassIsClosed, AlreadyEnrolled):
        return False
    return True


def claim_of(call: Call, class_id: UUID, enrolment_id: UUID) -> Claim:
    return sourced(call.tenant_id, "enrolment", str(enrolment_id), class_id)
