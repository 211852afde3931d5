"""The lines of an attendance export."""

from exports.attendance.attendance import AttendanceRow, ClassTitle
from shared.csv_text import line

HEADER = line(
    [
        "date",
        "starts",
        "minutes",
        "class",
        "class_code",
        "family_name",
        "given_name",
        "code",
        "present",
        "billable",
        "corrected",
    ]
)


def attendance_line(row: AttendanceRow, title: ClassTitle, names: tuple[str, str]) -> bytes:
    given_name, family_name = names
    return line(
        [
            row.held_on,
            row.starts or "",
            row.minutes,
            title.title,
            title.class_code or "",
            family_name,
            given_name,
            row.code,
            row.present,
            row.billable,
            row.corrected,
        ]
    )
