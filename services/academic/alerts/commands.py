"""What can be done with absence alerts: raise them for marks, want them, decline them."""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from academic.alerts.absence_alert import AbsenceAlert, alert_id
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.people.person import AlertLanguage, Person
from academic.registers.mark import Lesson, Mark
from shared.calls import Call, Saved
from shared.commands import command
from shared.mail.declining import Declinable, Preference
from shared.store import EventStore

UNEXCUSED = "Unexcused Absence"


@command
async def alert_guardians(
    store: EventStore, call: Call, event_id: UUID, register_id: UUID, lesson: Lesson, marks: Sequence[Mark]
) -> Saved:
    """One alert for each guardian who wants it and has an address, of each student whose mark is an unexcused absence.
    `event_id`: the event that the marks came with. Where nobody is to hear of it nothing is stored."""
    codes = await store.get(AttendanceCodeSet, code_set_id(call.tenant_id), call.tenant_id)
    absent = {mark.person_id: mark for mark in marks if unexcused(codes, mark)}
    students = await store.get_many(Person, absent, call.tenant_id)
    guardian_ids = {id for student in students.values() for id in student.guardians}
    guardians = await store.get_many(Person, guardian_ids, call.tenant_id)
    alerts = [
        AbsenceAlert(
            id=alert_id(call.tenant_id, event_id, absent[student.id].enrolment_id, guardian_id),
            tenant_id=call.tenant_id,
            class_id=lesson.class_id,
            meeting_id=lesson.meeting_id,
            register_id=register_id,
            enrolment_id=absent[student.id].enrolment_id,
            person_id=student.id,
            guardian_id=guardian_id,
            held_on=lesson.held_on,
            timestamp=call.now,
        )
        for student in students.values()
        for guardian_id in student.guardians
        if reachable(guardians.get(guardian_id))
    ]
    return await store.save(*alerts, call=call if alerts else replace(call, key=None))


@command
async def decline_alerts(store: EventStore, call: Call, person_id: UUID) -> Saved:
    return await store.change(Person, person_id, lambda person: person.decline_alerts(call.now), call=call)


@command
async def accept_alerts(store: EventStore, call: Call, person_id: UUID, language: AlertLanguage) -> Saved:
    return await store.change(Person, person_id, lambda person: person.accept_alerts(language, call.now), call=call)


async def preference(store: EventStore, tenant_id: UUID, person_id: UUID) -> Preference:
    person = await store.get(Person, person_id, tenant_id)
    return Preference(person.wants_alerts, person.alert_language)


ABSENCE_ALERTS = Declinable("absence-alerts", preference, decline_alerts)


def unexcused(codes: AttendanceCodeSet, mark: Mark) -> bool:
    """In the meaning that the code had when the mark was given."""
    return not mark.present and codes.meanings[mark.code, mark.code_version].category == UNEXCUSED


def reachable(guardian: Person | None) -> bool:
    return (
        guardian is not None and guardian.wants_alerts and not guardian.archived and guardian.details.email is not None
    )
