"""Names of fields and words of lists, English and Spanish."""

from collections.abc import Mapping

from academic.histories.templates import Language, Told

LABELS: Mapping[str, Told] = {
    "absence_notice_hours": Told("Hours of notice of an absence", "Horas de aviso de una ausencia"),
    "academic_session_ids": Told("Academic sessions", "Periodos"),
    "absent_id": Told("Absent teacher", "Docente ausente"),
    "after": Told("Mark", "Asistencia"),
    "action_number": Told("Number of the action", "Número de acción"),
    "arrived_at": Told("Arrived at", "Llegada"),
    "begin_on": Told("From", "Desde"),
    "begins_at": Told("Begins at", "Empieza"),
    "billable": Told("Billable", "Facturable"),
    "cancel_notice_hours": Told("Hours of notice of a cancellation", "Horas de aviso de una anulación"),
    "cancel_until": Told("Can be cancelled until", "Se anula hasta"),
    "cancelled_by": Told("Cancelled by", "Cancelada por"),
    "capacity": Told("Seats", "Plazas"),
    "category": Told("Category", "Categoría"),
    "class_code": Told("Class code", "Código de clase"),
    "class_type": Told("Kind of class", "Tipo de clase"),
    "code": Told("Code", "Código"),
    "course_code": Told("Course code", "Código de curso"),
    "course_id": Told("Course", "Curso"),
    "days_valid": Told("Days to use it", "Días para usarlo"),
    "email": Told("E-mail", "Correo"),
    "employer": Told("Employer", "Empresa"),
    "end_on": Told("Until", "Hasta"),
    "ends": Told("Ends", "Fin"),
    "evidence_years": Told("Years of evidence", "Años como prueba"),
    "every": Told("Every how many weeks", "Cada cuántas semanas"),
    "expires_at": Told("Until", "Hasta"),
    "family_name": Told("Family name", "Apellidos"),
    "first": Told("First day", "Primer día"),
    "freeze_day": Told("Day of the freeze", "Día de cierre"),
    "funder": Told("Funder", "Financiador"),
    "given_name": Told("Given name", "Nombre"),
    "grades": Told("Grades", "Niveles"),
    "grants_make_up": Told("Grants a make-up", "Da derecho a recuperar"),
    "group_number": Told("Number of the group", "Número de grupo"),
    "held_on": Told("Day", "Día"),
    "how": Told("How", "Cómo"),
    "identifier": Told("Identifier", "Identificador"),
    "kind": Told("Kind", "Tipo"),
    "labels": Told("Labels", "Etiquetas"),
    "language": Told("Language", "Idioma"),
    "late": Told("Minutes late", "Minutos de retraso"),
    "late_after": Told("Minutes in time", "Minutos de cortesía"),
    "late_code": Told("Code for who is late", "Código de quien llega tarde"),
    "last": Told("Last day", "Último día"),
    "left_at": Told("Left at", "Salida"),
    "lessons": Told("Lessons of the week", "Clases de la semana"),
    "marks": Told("Marks", "Asistencias"),
    "marking": Told("Who marks", "Quién pasa lista"),
    "method": Told("How it was signed", "Cómo se firmó"),
    "middle_name": Told("Middle name", "Segundo nombre"),
    "minutes": Told("Minutes", "Minutos"),
    "month": Told("Month", "Mes"),
    "name": Told("Name", "Nombre"),
    "notice_hours": Told("Hours of notice", "Horas de aviso"),
    "on": Told("Day", "Día"),
    "org_id": Told("Org", "Centro"),
    "org_ids": Told("Orgs", "Centros"),
    "parent_id": Told("Below", "Depende de"),
    "pays_teacher": Told("Pays the teacher", "Paga al docente"),
    "phone": Told("Phone", "Teléfono"),
    "planned_hours": Told("Planned hours", "Horas previstas"),
    "present": Told("Counts as present", "Cuenta como presente"),
    "present_code": Told("Code for who is in time", "Código de quien llega a tiempo"),
    "primary": Told("Primary teacher", "Docente principal"),
    "roles": Told("Roles", "Roles"),
    "proposed": Told("Proposed code", "Código propuesto"),
    "room_id": Told("Room", "Aula"),
    "school_year": Told("School year", "Año escolar"),
    "school_year_id": Told("School year", "Año escolar"),
    "start_on": Told("From", "Desde"),
    "starts": Told("Starts", "Inicio"),
    "subjects": Told("Subjects", "Materias"),
    "substitute_id": Told("Substitute", "Sustituto"),
    "teacher_ids": Told("Teachers", "Docentes"),
    "threshold": Told("Least percentage", "Porcentaje mínimo"),
    "title": Told("Title", "Título"),
    "type": Told("Kind", "Tipo"),
    "until": Told("Until", "Hasta"),
    "username": Told("User name", "Usuario"),
    "when_free": Told("When a seat is free", "Cuando haya plaza"),
    "year": Told("Year", "Año"),
    "years": Told("Years", "Años"),
    "zone": Told("Time zone", "Zona horaria"),
}
"""Fields that a reader is shown with from → to. `NOT_SHOWN` has the others."""
NOT_SHOWN = frozenset(
    {
        # Which thing it is, said by the sentence.
        *("class_id", "enrolment_id", "guardian_id", "meeting_id", "person_id", "place_id", "register_id"),
        # Of notes, which are read where each reading leaves a trace.
        *("note_id", "note_ids", "text"),
        # Why, said by `why`.
        *("answer", "clash_reason", "freeze_reason", "reason", "why"),
        # Of the machine, or of an import's own report.
        *("candidate_ids", "code_version", "credit_id", "erasure_id", "person_ids", "source_id", "user_id", "before"),
        *("content_hash", "image", "image_sha256", "register_version"),
        *(
            "candidate_ids",
            "code_version",
            "credit_id",
            "erasure_id",
            "person_ids",
            "requested_by",
            "source_id",
            "user_id",
            "before",
        ),
        *("items", "kept", "undone", "undone_id"),
        *("counts", "errors", "files", "findings", "mode", "retire_missing", "sha256", "size", "version", "warnings"),
    }
)
WORDS: Mapping[str, Told] = {
    "agreed": Told("agreed", "acordado"),
    "attendance-evidence": Told("evidence of attendance", "prueba de asistencia"),
    "emergency": Told("emergency", "emergencia"),
    "goodwill": Told("goodwill", "cortesía"),
    "holiday": Told("holiday", "festivo"),
    "inspection": Told("inspection", "inspección"),
    "late-marks": Told("late marks", "asistencias tardías"),
    "legal-case": Told("legal case", "caso legal"),
    "lesson-cancelled": Told("lesson cancelled", "clase cancelada"),
    "mark": Told("mark", "asistencia"),
    "mistake": Told("mistake", "error"),
    "nobody": Told("nobody has this address", "nadie tiene esta dirección"),
    "other": Told("other", "otro"),
    "person-has-account": Told("the person has an account", "la persona ya tiene cuenta"),
    "room": Told("room", "aula"),
    "school": Told("school", "escuela"),
    "several": Told("several people have this address", "varias personas tienen esta dirección"),
    "shared-room": Told("shared room", "aula compartida"),
    "student": Told("student", "estudiante"),
    "teacher": Told("teacher", "docente"),
    "team-teaching": Told("team teaching", "docencia compartida"),
    "term": Told("term of the school", "plazo de la escuela"),
    "too-few-students": Told("too few students", "pocos estudiantes"),
    "undone": Told("undone", "deshecho"),
    "unpaid": Told("unpaid", "impago"),
    "unknown-person": Told("the person is not known", "no se conoce a la persona"),
    "weather": Told("weather", "mal tiempo"),
}
"""Words that reasons are made of; another one is shown as it is."""
DAYS: Mapping[Language, tuple[str, ...]] = {
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    "es": ("lun", "mar", "mié", "jue", "vie", "sáb", "dom"),
}
YES, NO = Told("yes", "sí"), Told("no", "no")
SOMEBODY = Told("somebody", "alguien")
SOMETHING = Told("something", "algo")
ERASED = Told("(erased)", "(borrado)")
OPEN = "-"
"""Stands where there is no value: no end, no limit, nobody."""


def label(field: str, language: Language) -> str:
    told: str = getattr(LABELS[field], language)
    return told
