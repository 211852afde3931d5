"""One step of an attendance file: the rows between two checkpoints, page by page."""

from dataclasses import dataclass
from uuid import UUID

from exports.artifacts.files import Draft
from exports.attendance.attendance import (
    Attendance,
    AttendanceRow,
    ClassTitle,
    class_title,
    rows_of,
)
from exports.attendance.attendance_csv import HEADER, attendance_line
from exports.jobs.export_job import Checkpoint, ExportJob, rows_a_step
from shared.reactions import Act

PAGE = 500


@dataclass(frozen=True)
class Step:
    """How far the file has come; `ended` when no row is left."""

    done: int
    size: int
    checkpoint: Checkpoint | None
    ended: bool


async def write_step(draft: Draft, act: Act, job: ExportJob, last: Checkpoint | None) -> Step:
    """Neither memory nor a database connection is held for long. A draft that was lost is written from its start."""
    until = (last.done if last else 0) + rows_a_step(job.total or 0)
    async with act.reading(Attendance) as read:
        title = await class_title(read, job.query.class_id) or ClassTitle("", None)
    if last is None or not draft.reaches(last.size):
        last = None
    done, size = (0, draft.write(HEADER, 0)) if last is None else (last.done, last.size)
    while done < until:
        limit = min(PAGE, until - done)
        async with act.reading(Attendance) as read:
            page = await rows_of(read, job.query, job.positions, after=last, limit=limit)
        if page:
            names = await opened(act, job.tenant_id, page)
            lines = b"".join(attendance_line(row, title, names[row.person_id]) for row in page)
            done, size = done + len(page), draft.write(lines, size)
            end = page[-1]
            last = Checkpoint(done, size, end.held_on, end.meeting_id, end.enrolment_id)
        if len(page) < limit:
            return Step(done, size, last, ended=True)
    return Step(done, size, last, ended=done >= (job.total or 0))


async def opened(act: Act, tenant_id: UUID, page: list[AttendanceRow]) -> dict[UUID, tuple[str, str]]:
    """Given and family name of everybody on the page, empty once erased. KeyAbsent: the step is tried again."""
    people = {row.person_id: row for row in page}
    fields = ("given_name", "family_name")
    texts = await act.keyring.open(
        tenant_id, [(id, field, getattr(row, field)) for id, row in people.items() for field in fields]
    )
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return {id: (given or "", family or "") for id, (given, family) in zip(people, pairs, strict=True)}
