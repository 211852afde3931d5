"""Absences that guardians are to hear of: from marks, and from corrections of marks."""

from dataclasses import fields

from academic.alerts.commands import alert_guardians
from academic.registers.mark import Lesson, Mark
from academic.registers.register import AttendanceRegister
from shared.reactions import Act, Fact, when


@when(AttendanceRegister.AttendanceMarked, name="academic.alert-of-marks")
async def when_attendance_marked(fact: Fact[AttendanceRegister.AttendanceMarked], act: Act) -> None:
    await alert(fact, act, [mark for mark in fact.data.marks if not mark.present])


@when(AttendanceRegister.AttendanceCorrected, name="academic.alert-of-correction")
async def when_attendance_corrected(fact: Fact[AttendanceRegister.AttendanceCorrected], act: Act) -> None:
    before, after = fact.data.before, fact.data.after
    same = (before.code, before.code_version) == (after.code, after.code_version)
    await alert(fact, act, [] if after.present or same else [after])


REACTIONS = (when_attendance_marked, when_attendance_corrected)


async def alert(
    fact: Fact[AttendanceRegister.AttendanceMarked] | Fact[AttendanceRegister.AttendanceCorrected],
    act: Act,
    marks: list[Mark],
) -> None:
    if marks:
        lesson = Lesson(**{field.name: getattr(fact.data, field.name) for field in fields(Lesson)})
        await alert_guardians(act.store, act.call, fact.event_id, fact.aggregate_id, lesson, marks)
