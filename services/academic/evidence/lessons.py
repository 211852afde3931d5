"""What the events of a class's meetings say, in order: the lesson, marks, corrections, signatures, arrivals."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from academic.checkins.check_in import CheckIn
from academic.meetings.class_meeting import ClassMeeting
from academic.registers.content import told
from academic.registers.mark import Mark
from academic.registers.register import AttendanceRegister
from academic.signatures.participant_signature import ParticipantSignature
from academic.signatures.register_signature import RegisterSignature
from shared.hash_chain import microseconds
from shared.records import Record
from shared.views import Fact

Json = dict[str, Any]
Opened = Mapping[int, str | None]
"""Sealed values in clear, by the position of their event; None for an erased person."""


def lesson_of(meeting_id: UUID, records: Sequence[Record], facts: Sequence[Fact[Any]], opened: Opened) -> Json:
    """One meeting with its stored events, which say all but the clear values once more."""
    lesson: Json = {"meeting_id": str(meeting_id), "state": "planned"}
    marks: dict[UUID, Mark] = {}
    corrections, signatures, arrivals = [], [], []
    changed = 0
    for fact in facts:
        match fact.data:
            case ClassMeeting.MeetingPlanned() | ClassMeeting.MeetingRescheduled() as data:
                lesson |= {"held_on": str(data.held_on), "starts": data.starts, "ends": data.ends}
            case ClassMeeting.MeetingHeld():
                lesson["state"] = "held"
            case ClassMeeting.MeetingCancelled():
                lesson["state"] = "cancelled"
            case AttendanceRegister.AttendanceMarked() as data:
                marks |= {mark.enrolment_id: mark for mark in data.marks}
                changed = fact.position
            case AttendanceRegister.AttendanceCorrected() as data:
                marks[data.enrolment_id] = data.after
                changed = fact.position
                said = {"from": told(data.before), "to": told(data.after), "reason": opened.get(fact.position)}
                corrections.append(by(fact) | said)
            case RegisterSignature.RegisterSigned() | ParticipantSignature.MeetingSigned():
                signatures.append(signature(fact, opened))
            case CheckIn.CheckedIn() as data:
                where = {"enrolment_id": str(data.enrolment_id), "person_id": str(data.person_id)}
                arrivals.append(by(fact) | where | {"arrived_at": data.arrived_at, "late": data.late})
    for line in signatures:
        line["changed_since"] = None if line["register_version"] is None else changed > line["position"]
    return lesson | {
        "marks": [told(marks[id]) for id in sorted(marks, key=str)],
        "corrections": corrections,
        "signatures": signatures,
        "check_ins": arrivals,
        "events": [stored(record) for record in records],
    }


def by(fact: Fact[Any]) -> Json:
    """Who and when, as it stands in the event."""
    return {"position": fact.position, "who": dict(fact.actor), "at": written(fact.time)}


def written(value: Any) -> Any:
    """As the event itself writes it."""
    return orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z))


def signature(fact: Fact[Any], opened: Opened) -> Json:
    data = fact.data
    fields = ("person_id", "enrolment_id", "method", "register_version", "content_hash", "image_sha256")
    line = by(fact) | {name: written(getattr(data, name, None)) for name in fields}
    image = f"signatures/{fact.aggregate_id}.png" if opened.get(fact.position) else None
    return line | {"by": "participant" if line["enrolment_id"] else "teacher", "image": image}


def stored(record: Record) -> Json:
    """What the hash of the event is made of; `recorded_at` counts microseconds since 1970."""
    return {
        "position": record.position,
        "aggregate_id": str(record.aggregate_id),
        "version": record.version,
        "topic": record.topic,
        "recorded_at": microseconds(record.recorded_at),
        "state": record.state.decode(),
    }


def people_in(lessons: Iterable[Json]) -> set[UUID]:
    lines = [line for lesson in lessons for name in ("marks", "signatures", "check_ins") for line in lesson[name]]
    return {UUID(line["person_id"]) for line in lines}
