"""Who may read which events, and which of their fields: one place for the history and for the feed of changes."""

from collections.abc import Mapping

from academic.people.details import PERSONAL

READS: Mapping[str, str] = {
    "academic.org": "school.read",
    "academic.academic_session": "school.read",
    "academic.course": "school.read",
    "academic.room": "classes.read",
    "academic.calendar": "school.read",
    "academic.attendance_code_set": "school.read",
    "academic.person": "people.read",
    "academic.user_account": "members.read",
    "academic.class": "classes.read",
    "academic.waitlist": "enrolments.read",
    "academic.class_funding": "classes.read",
    "academic.class_meeting": "classes.read",
    "academic.attendance_register": "attendance.read",
    "academic.attendance_rules": "school.read",
    "academic.register_signature": "attendance.read",
    "academic.participant_signature": "attendance.read",
    "academic.check_in": "attendance.read",
    "academic.check_in_policy": "classes.read",
    "academic.make_up_credit": "enrolments.read",
    "academic.absence_notice": "absences.read",
    "academic.absence_alert": "attendance.read",
    "academic.import_batch": "imports.read",
    "academic.retention_policy": "school.read",
    "academic.leaver": "people.read",
    "academic.sensitive_notes": "notes.read",
    "academic.note_readings": "audit.read",
    "academic.bulk_undo": "imports.read",
    "academic.erasure_answer": "people.read",
}
"""The permission to read what happened to an aggregate, by its name."""
STAYS = frozenset(
    {
        "academic.student_enrolled",
        "academic.enrollment_dates_changed",
        "academic.student_withdrawn",
        "academic.teacher_assigned",
        "academic.teacher_unassigned",
        "academic.seat_reserved",
        "academic.reservation_ended",
        "academic.guest_seated",
        "academic.guest_left",
    }
)
"""Events of a class that tell who is in it."""
APART = frozenset({"academic.sensitive_notes"})
"""Aggregates whose sealed fields are opened in their own place alone, where each reading leaves a trace."""
PERSONAL_FIELDS = frozenset(PERSONAL)
"""Sealed fields that whoever may read people may read. All other sealed ones are special: they may tell of health."""


def permission_of(topic: str, aggregate: str) -> str:
    return "enrolments.read" if topic in STAYS else READS[aggregate]
