"""Credits follow the register: what it says now decides what is due, in whatever order its events are heard."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from academic.classes.class_ import Class
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.make_ups.make_up_credit import MakeUpCredit, Missed, credit_id
from academic.meetings.class_meeting import ClassMeeting
from academic.meetings.slot import Slot
from academic.registers.mark import Lesson, Mark
from academic.registers.register import AttendanceRegister
from academic.rules.commands import rules_of
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore


@command
async def follow_register(
    store: EventStore,
    call: Call,
    register_id: UUID,
    enrolment_ids: Collection[UUID],
    noticed: Collection[UUID] | None,
) -> Saved:
    """Grants, takes back, restores, flags and uses credits for these marks. `noticed`: the people whose absence was
    notified in time; None where the school asks for no notice."""
    register = await store.get(AttendanceRegister, register_id, call.tenant_id)
    codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
    marks = [register.marks[id] for id in enrolment_ids if id in register.marks]
    paid = await paid_places(store, call, register.lesson, marks)
    ids = {mark.enrolment_id: credit_id(call.tenant_id, register_id, mark.enrolment_id) for mark in marks} | paid
    credits = await store.get_many(MakeUpCredit, ids.values(), call.tenant_id)
    others: dict[UUID, Class] = {}
    for mark in marks:
        id, due = ids[mark.enrolment_id], grants(codes, mark) and (noticed is None or mark.person_id in noticed)
        credit = credits.get(id)
        if mark.guest is not None:
            if credit is not None and credit.state == "booked":
                credit.use("marked", call.now)
        elif credit is not None and due:
            credit.restore(call.now)
        elif credit is not None:
            await give_up(store, call, credit, others)
            credit.take_back(call.now)
        elif due:
            credits[id] = await granted(store, call, id, register, mark)
    changed = [each for each in (*credits.values(), *others.values()) if each.pending_events]
    return await store.save(*changed, call=call if changed else replace(call, key=None))


async def paid_places(store: EventStore, call: Call, lesson: Lesson, marks: Collection[Mark]) -> dict[UUID, UUID]:
    """The credits that pay for the places of guests, by place."""
    if all(mark.guest is None for mark in marks):
        return {}
    guests = (await store.get(Class, lesson.class_id, call.tenant_id)).guests
    places = {mark.enrolment_id: guests.get(mark.enrolment_id) for mark in marks}
    return {id: place.credit_id for id, place in places.items() if place is not None and place.credit_id is not None}


async def granted(store: EventStore, call: Call, id: UUID, register: AttendanceRegister, mark: Mark) -> MakeUpCredit:
    lesson = register.lesson
    slot = (await store.get(ClassMeeting, lesson.meeting_id, call.tenant_id)).slot
    until = end_of(slot, (await rules_of(store, call)).make_up.days_valid)
    missed = Missed(lesson.class_id, lesson.meeting_id, slot.held_on, register.id, mark.enrolment_id)
    return MakeUpCredit.grant(id, call.tenant_id, mark.person_id, missed, "mark", until, call.now)


async def give_up(store: EventStore, call: Call, credit: MakeUpCredit, classes: dict[UUID, Class]) -> None:
    """The seat of a booking, if there is one; `classes` collects what changed."""
    if credit.state != "booked" or credit.booking is None:
        return
    booking = credit.booking
    if booking.class_id not in classes:
        classes[booking.class_id] = await store.get(Class, booking.class_id, call.tenant_id)
    classes[booking.class_id].let_guest_go(booking.place_id, call.now)


def grants(codes: AttendanceCodeSet, mark: Mark) -> bool:
    """An absence of somebody enrolled, in the meaning that the code had when the mark was given."""
    return mark.guest is None and not mark.present and codes.meanings[mark.code, mark.code_version].grants_make_up


def end_of(slot: Slot, days_valid: int) -> datetime:
    """The end of the last day on which a credit for this lesson is good."""
    last = slot.held_on + timedelta(days=days_valid)
    return datetime.combine(last + timedelta(days=1), time(), ZoneInfo(slot.zone))


@command
async def settle_places(store: EventStore, call: Call, meeting_id: UUID) -> Saved:
    """Guests of a meeting that is cancelled, or moved to another day, lose their places there; make-up credits are
    there again."""
    meeting = await store.get(ClassMeeting, meeting_id, call.tenant_id)
    async with store.turn(call, meeting.class_id):
        class_ = await store.get(Class, meeting.class_id, call.tenant_id)
        places = {
            id: place
            for id, place in class_.guests.items()
            if place.meeting_id == meeting_id and (meeting.cancelled or meeting.slot.held_on != place.on)
        }
        paid = [place.credit_id for place in places.values() if place.credit_id is not None]
        credits = await store.get_many(MakeUpCredit, paid, call.tenant_id)
        for credit in credits.values():
            if credit.state == "booked":
                credit.release(call.now)
        for id in places:
            class_.let_guest_go(id, call.now)
        return await store.save(class_, *credits.values(), call=call if places else replace(call, key=None))
