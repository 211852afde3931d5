"""What each event says, in words of a school, English and Spanish. `{it}` is the thing that it happened to."""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Language = Literal["en", "es"]


class Told(NamedTuple):
    en: str
    es: str


TEMPLATES: Mapping[str, Told] = {
    "org_created": Told("{it} was added to the school", "Se añadió {it} a la escuela"),
    "org_renamed": Told("It was renamed to {name}", "Cambió su nombre a {name}"),
    "org_moved": Told("{it} was moved below {parent_id}", "{it} pasó a depender de {parent_id}"),
    "org_revised": Told("What is told of {it} was changed", "Se cambiaron los datos de {it}"),
    "org_retired": Told("{it} was retired", "{it} se dio de baja"),
    "org_restored": Told("{it} was taken into use again", "{it} se volvió a dar de alta"),
    "academic_session_opened": Told(
        "{title} was set up, from {start_on} to {end_on}", "Se creó {title}, del {start_on} al {end_on}"
    ),
    "academic_session_dates_changed": Told(
        "{it} now goes from {start_on} to {end_on}", "{it} va ahora del {start_on} al {end_on}"
    ),
    "academic_session_revised": Told("What is told of {it} was changed", "Se cambiaron los datos de {it}"),
    "academic_session_closed": Told("{it} was closed", "Se cerró {it}"),
    "academic_session_reopened": Told("{it} was opened again", "Se reabrió {it}"),
    "course_created": Told("The course {title} was added", "Se añadió el curso {title}"),
    "course_revised": Told("What is told of {it} was changed", "Se cambiaron los datos de {it}"),
    "course_retired": Told("{it} is offered no longer", "{it} ya no se ofrece"),
    "course_restored": Told("{it} is offered again", "{it} se vuelve a ofrecer"),
    "person_registered": Told("{it} was registered", "Se registró a {it}"),
    "person_details_corrected": Told("The details of {it} were corrected", "Se corrigieron los datos de {it}"),
    "person_archived": Told("{it} was archived", "Se archivó a {it}"),
    "person_restored": Told("{it} was taken back", "{it} volvió a la escuela"),
    "person_erased": Told("Names and contact data were erased", "Se borraron los nombres y los datos de contacto"),
    "erasure_done": Told("An approved erasure was carried out", "Se ejecutó un borrado aprobado"),
    "alerts_declined": Told("{it} wants no mails about absences", "{it} no quiere avisos de ausencia"),
    "alerts_accepted": Told("{it} wants mails about absences", "{it} quiere avisos de ausencia"),
    "guardian_linked": Told("{guardian_id} became a guardian of {it}", "{guardian_id} es ahora tutor de {it}"),
    "guardian_unlinked": Told("{guardian_id} is no guardian of {it} any more", "{guardian_id} ya no es tutor de {it}"),
    "user_account_linked": Told("An account was linked to {it}", "Se vinculó una cuenta a {it}"),
    "user_account_unmatched": Told("An account waits for its person", "Una cuenta espera a su persona"),
    "class_opened": Told("The class {title} was opened", "Se abrió la clase {title}"),
    "class_revised": Told("What is told of {it} was changed", "Se cambiaron los datos de {it}"),
    "class_closed": Told("{it} was closed", "Se cerró {it}"),
    "class_reopened": Told("{it} was opened again", "Se reabrió {it}"),
    "capacity_set": Told("{it} now has this many seats: {capacity}", "{it} tiene ahora estas plazas: {capacity}"),
    "weekly_pattern_set": Told("The week of {it} was set: {lessons}", "Se fijó la semana de {it}: {lessons}"),
    "student_enrolled": Told(
        "{person_id} was enrolled in {it}, from {begin_on}", "{person_id} se matriculó en {it}, desde {begin_on}"
    ),
    "enrollment_dates_changed": Told(
        "{person_id} is in {it} from {begin_on} to {end_on}", "{person_id} está en {it} del {begin_on} al {end_on}"
    ),
    "student_withdrawn": Told("{person_id} left {it} on {on}", "{person_id} dejó {it} el {on}"),
    "teacher_assigned": Told(
        "{person_id} teaches {it}, from {begin_on}", "{person_id} enseña en {it}, desde {begin_on}"
    ),
    "teacher_unassigned": Told("{person_id} teaches {it} no more, from {on}", "{person_id} deja {it} el {on}"),
    "seat_reserved": Told("A seat in {it} is kept for {person_id}", "Se reserva una plaza en {it} para {person_id}"),
    "reservation_ended": Told("No seat is kept for {person_id} any more", "Ya no hay plaza reservada para {person_id}"),
    "guest_seated": Told("{person_id} comes to one lesson, on {on}", "{person_id} viene a una clase, el {on}"),
    "guest_left": Told("{person_id} does not come to that lesson", "{person_id} no viene a esa clase"),
    "attendance_rules_started": Told("The rules of attendance began", "Empezaron las reglas de asistencia"),
    "freeze_day_set": Told(
        "Marks of a month can be changed until this day of the next one: {freeze_day}",
        "La asistencia de un mes se cambia hasta este día del siguiente: {freeze_day}",
    ),
    "make_up_policy_set": Told("The rules of make-up lessons were set", "Se fijaron las reglas de recuperación"),
    "make_up_granted": Told("{person_id} may make up a lesson", "{person_id} puede recuperar una clase"),
    "make_up_booked": Told("{person_id} booked a make-up lesson", "{person_id} reservó una recuperación"),
    "make_up_released": Told("The make-up lesson was cancelled in time", "La recuperación se anuló a tiempo"),
    "make_up_used": Told("The make-up of {person_id} was used", "{person_id} usó su recuperación"),
    "make_up_expired": Told("The make-up of {person_id} expired", "La recuperación de {person_id} caducó"),
    "make_up_taken_back": Told("The make-up of {person_id} was taken back", "Se retiró la recuperación de {person_id}"),
    "make_up_restored": Told("The make-up of {person_id} was given back", "Se devolvió la recuperación de {person_id}"),
    "make_up_flagged": Told(
        "The mark behind a used make-up of {person_id} was corrected",
        "Se corrigió la asistencia tras una recuperación ya usada de {person_id}",
    ),
    "waitlist_started": Told("A waiting list of {class_id} began", "Empezó una lista de espera de {class_id}"),
    "waitlist_joined": Told("{person_id} waits for a seat in {class_id}", "{person_id} espera plaza en {class_id}"),
    "waitlist_left": Told("{person_id} waits no longer", "{person_id} ya no espera"),
    "seat_offered": Told(
        "A seat in {class_id} was offered to {person_id}, until {until}",
        "Se ofreció a {person_id} una plaza en {class_id}, hasta {until}",
    ),
    "offer_lapsed": Told("{person_id} did not take the seat in time", "{person_id} no tomó la plaza a tiempo"),
    "waitlist_promoted": Told("{person_id} got the seat", "{person_id} obtuvo la plaza"),
    "room_registered": Told("The room {name} was added", "Se añadió el aula {name}"),
    "room_capacity_changed": Told("{it} now has this many seats: {capacity}", "{it} tiene ahora plazas: {capacity}"),
    "room_retired": Told("{it} is not used any more", "{it} ya no se usa"),
    "calendar_started": Told("The calendar of {year} began", "Empezó el calendario de {year}"),
    "non_teaching_day_added": Told("No teaching on {on}: {title}", "Sin clases el {on}: {title}"),
    "non_teaching_day_removed": Told("There is teaching on {on} after all", "Al final hay clases el {on}"),
    "meeting_planned": Told(
        "A lesson was planned for {held_on}, {starts} to {ends}",
        "Se planificó una clase para el {held_on}, de {starts} a {ends}",
    ),
    "meeting_rescheduled": Told(
        "The lesson was moved to {held_on}, {starts} to {ends}", "La clase pasó al {held_on}, de {starts} a {ends}"
    ),
    "room_moved": Told("The lesson was moved to this room: {room_id}", "La clase pasó a esta aula: {room_id}"),
    "teacher_substituted": Told("{substitute_id} teaches for {absent_id}", "{substitute_id} sustituye a {absent_id}"),
    "meeting_held": Told("The lesson was held", "La clase se dio"),
    "meeting_cancelled": Told("The lesson was cancelled", "La clase se canceló"),
    "register_opened": Told("The register of {held_on} was opened", "Se abrió la lista del {held_on}"),
    "attendance_marked": Told("Attendance was marked: {marks}", "Se pasó lista: {marks}"),
    "attendance_corrected": Told(
        "The mark of {person_id} was corrected: {before} to {after}",
        "Se corrigió la asistencia de {person_id}: de {before} a {after}",
    ),
    "register_closed": Told("The register was closed", "Se cerró la lista"),
    "register_reopened": Told("The register was opened again", "Se reabrió la lista"),
    "register_signed": Told("{person_id} signed the register of {held_on}", "{person_id} firmó la lista del {held_on}"),
    "meeting_signed": Told("{person_id} signed the lesson of {held_on}", "{person_id} firmó la clase del {held_on}"),
    "check_in_policy_started": Told("The rules of checking in began", "Empezaron las reglas del registro de llegada"),
    "check_in_policy_set": Told(
        "Late is who checks in after this many minutes: {late_after}",
        "Llega tarde quien se registra tras minutos: {late_after}",
    ),
    "checked_in": Told("{person_id} checked in at {arrived_at}", "{person_id} registró su llegada a las {arrived_at}"),
    "absence_notified": Told(
        "{person_id} will be away from {first} to {last}", "{person_id} faltará del {first} al {last}"
    ),
    "absence_approved": Told("The absence of {person_id} was approved", "Se aprobó la ausencia de {person_id}"),
    "absence_rejected": Told("The absence of {person_id} was rejected", "Se rechazó la ausencia de {person_id}"),
    "absence_notice_withdrawn": Told("{person_id} comes after all", "{person_id} vendrá al final"),
    "absence_alerted": Told(
        "{guardian_id} is told that {person_id} was absent on {held_on}",
        "Se avisa a {guardian_id} de que {person_id} faltó el {held_on}",
    ),
    "code_set_started": Told("The attendance codes began", "Empezaron los códigos de asistencia"),
    "code_defined": Told("The code {code} was defined: {title}", "Se definió el código {code}: {title}"),
    "code_revised": Told("The code {code} was revised: {title}", "Se revisó el código {code}: {title}"),
    "code_retired": Told("The code {code} is used no longer", "El código {code} ya no se usa"),
    "bulk_undo_begun": Told("The undo of a bulk action began", "Empezó a deshacerse una acción masiva"),
    "bulk_undo_items_kept": Told("Some things stay as they are", "Algunas cosas se quedan como están"),
    "bulk_undo_finished": Told("{undone} were undone, {kept} stay", "Se deshicieron {undone}, se quedan {kept}"),
    "retention_policy_started": Told("The retention policy began", "Empezó la política de conservación"),
    "retention_terms_set": Told(
        "Data is kept for {years} years after leaving", "Los datos se guardan {years} años tras la salida"
    ),
    "class_funding_started": Told("The funding of {class_id} began", "Empezó la financiación de {class_id}"),
    "funding_set": Told("{funder} funds {class_id}", "{funder} financia {class_id}"),
    "funding_removed": Told("Nobody funds {class_id} any more", "Ya nadie financia {class_id}"),
    "sensitive_notes_started": Told("Notes about {person_id} began", "Empezaron las notas sobre {person_id}"),
    "sensitive_note_written": Told("A note about {person_id} was written", "Se escribió una nota sobre {person_id}"),
    "sensitive_note_removed": Told("A note about {person_id} was removed", "Se quitó una nota sobre {person_id}"),
    "note_readings_started": Told("Readings of notes of {month} began", "Empezaron las lecturas de notas de {month}"),
    "sensitive_notes_read": Told("Notes about {person_id} were read", "Se leyeron notas sobre {person_id}"),
    "leaver_noted": Told("The term of {person_id} began", "Empezó el plazo de {person_id}"),
    "leaver_kept": Told(
        "The data of {person_id} is kept until {until}", "Se guardan los datos de {person_id} hasta {until}"
    ),
    "leaver_due": Told(
        "Nothing keeps the data of {person_id} any more", "Nada obliga a guardar los datos de {person_id}"
    ),
    "leaver_handed_over": Told("{person_id} was handed over to erasure", "Se pidió el borrado de {person_id}"),
    "import_staged": Told("A file was posted", "Se envió un fichero"),
    "import_findings_reported": Told("Its rows were checked", "Se revisaron sus filas"),
    "import_validated": Told(
        "It was checked: {errors} errors, {warnings} warnings", "Se revisó: {errors} errores, {warnings} avisos"
    ),
    "import_rejected": Told(
        "It was rejected: {errors} errors, {warnings} warnings", "Se rechazó: {errors} errores, {warnings} avisos"
    ),
    "import_applied": Told("Its rows were applied", "Se aplicaron sus filas"),
}
"""By the name of the event in its service."""


def template(topic: str, language: Language) -> str:
    told: str = getattr(TEMPLATES[topic.partition(".")[2]], language)
    return told
