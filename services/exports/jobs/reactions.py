"""Running an export: the reaction to its own request, exactly once in effect however often it starts."""

from collections.abc import AsyncIterator
from math import ceil
from uuid import UUID

from exports.artifacts.artifact import artifact_id
from exports.artifacts.files import ArtifactFiles, Draft, StorageFailed
from exports.attendance.attendance import (
    Attendance,
    AttendanceRow,
    ClassTitle,
    class_title,
    count_rows,
    rows_of,
)
from exports.attendance.attendance_csv import HEADER, attendance_line
from exports.jobs.commands import complete_export, fail_export, report_checkpoint, start_export
from exports.jobs.export_job import MOST_CHECKPOINTS, ExportJob
from exports.settings import ExportsSettings
from shared.reactions import Act, Fact, when

PAGE = 500


@when(ExportJob.Requested, name="exports.run-export")
async def when_export_requested(fact: Fact[ExportJob.Requested], act: Act) -> None:
    """A run after a crash asks for the same rows at the same position, so it writes the same bytes."""
    job = await act.store.get(ExportJob, fact.aggregate_id, fact.tenant_id)
    if job.finished:
        return
    files = ArtifactFiles(ExportsSettings().artifacts)
    async with act.reading(Attendance) as read:
        title = await class_title(read, job.query.class_id) or ClassTitle("", None)
        total = await count_rows(read, job.query, position_of(job))
    await start_export(act.store, act.call.step("start"), job.id, total)
    try:
        with files.draft(fact.tenant_id, artifact_id(job.id)) as draft:
            done = await write(draft, act, job, title, total)
            sealed = draft.seal()
    except StorageFailed:
        await fail_export(act.store, act.call.step("fail"), job.id, "storage-failed")
        return
    await complete_export(act.store, act.call, job.id, sealed, done)


async def write(draft: Draft, act: Act, job: ExportJob, title: ClassTitle, total: int) -> int:
    """Page after page: neither memory nor a database connection is held for long."""
    draft.write(HEADER)
    stride = max(PAGE, ceil(total / MOST_CHECKPOINTS))
    done = reported = 0
    async for page in pages(act, job):
        names = await opened(act, job.tenant_id, page)
        draft.write(b"".join(attendance_line(row, title, names[row.person_id]) for row in page))
        done += len(page)
        if done - reported >= stride and done < total:
            reported = done
            await report_checkpoint(act.store, act.call.step(f"checkpoint-{done}"), job.id, done)
    return done


async def pages(act: Act, job: ExportJob) -> AsyncIterator[list[AttendanceRow]]:
    last: AttendanceRow | None = None
    while True:
        async with act.reading(Attendance) as read:
            page = await rows_of(read, job.query, position_of(job), after=last, limit=PAGE)
        if page:
            yield page
        if len(page) < PAGE:
            return
        last = page[-1]


async def opened(act: Act, tenant_id: UUID, page: list[AttendanceRow]) -> dict[UUID, tuple[str, str]]:
    """Given and family name of everybody on the page, empty once erased. KeyAbsent: the run starts again."""
    people = {row.person_id: row for row in page}
    texts = await act.keyring.open(
        tenant_id,
        [
            (id, field, getattr(row, field))
            for id, row in people.items()
            for field in ("given_name", "family_name")
        ],
    )
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return {id: (given or "", family or "") for id, (given, family) in zip(people, pairs, strict=True)}


def position_of(job: ExportJob) -> int:
    return next((place.position for place in job.positions if place.service == Attendance.SOURCE), 0)
