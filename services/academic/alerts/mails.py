"""The mail to a guardian about an absence. It is written when it is sent, from what is true then."""

from academic.alerts.absence_alert import AbsenceAlert
from academic.alerts.commands import ABSENCE_ALERTS, reachable, unexcused
from academic.classes.class_ import Class
from academic.codes.code_set import AttendanceCodeSet, code_set_id
from academic.meetings.class_meeting import ClassMeeting
from academic.people.person import Person
from academic.registers.register import AttendanceRegister
from shared.mail.letters import Letter, Template
from shared.mail.mailings import Composing, mails
from shared.reactions import Fact

ABSENT = {
    "en": Template(
        "$student was marked absent",
        "Hello $name,\n\n$student was marked absent without notice on $day at $time in the class $class_title.\n\n"
        "If this is a mistake, please tell the school.\n",
    ),
    "es": Template(
        "Falta de asistencia de $student",
        "Hola, $name:\n\nse anotó una falta sin aviso de $student el $day a las $time en la clase $class_title.\n\n"
        "Si es un error, avise a la escuela.\n",
    ),
}


@mails(AbsenceAlert.Alerted, name="academic.mail-absence", kind=ABSENCE_ALERTS)
async def absence(fact: Fact[AbsenceAlert.Alerted], post: Composing) -> Letter | None:
    """None where the mark was corrected, the guardian wants no alerts or is none any more, or somebody was erased."""
    told, tenant_id = fact.data, fact.tenant_id
    if not await still_absent(fact, post):
        return None
    people = await post.store.get_many(Person, [told.person_id, told.guardian_id], tenant_id)
    student, guardian = people[told.person_id], people[told.guardian_id]
    if guardian.id not in student.guardians or not reachable(guardian):
        return None
    email, name, student_name = await post.keyring.open(
        tenant_id,
        [
            (guardian.id, "email", guardian.details.email),
            (guardian.id, "given_name", guardian.details.given_name),
            (student.id, "given_name", student.details.given_name),
        ],
    )
    if email is None or name is None or student_name is None:
        return None
    meeting = await post.store.get(ClassMeeting, told.meeting_id, tenant_id)
    class_ = await post.store.get(Class, told.class_id, tenant_id)
    return await post.to_person(
        ABSENT,
        tenant_id,
        guardian.id,
        email,
        name=name,
        student=student_name,
        day=str(meeting.slot.held_on),
        time=meeting.slot.starts,
        class_title=class_.details.title,
    )


async def still_absent(fact: Fact[AbsenceAlert.Alerted], post: Composing) -> bool:
    register = await post.store.get(AttendanceRegister, fact.data.register_id, fact.tenant_id)
    codes = await post.store.get(AttendanceCodeSet, code_set_id(fact.tenant_id), fact.tenant_id)
    return unexcused(codes, register.marks[fact.data.enrolment_id])


MAILINGS = (absence,)
