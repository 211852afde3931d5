"""Running an export: each step is the reaction to the step before, so that no job holds up another for long."""

import asyncio
from uuid import UUID

from exports.artifacts.artifact import artifact_id
from exports.artifacts.files import ArtifactFiles, StorageFailed
from exports.attendance.attendance import Attendance, count_rows
from exports.jobs.commands import complete_export, fail_export, report_checkpoint, start_export
from exports.jobs.export_job import Checkpoint, ExportJob
from exports.jobs.writing import write_step
from exports.settings import ExportsSettings
from shared.reactions import Act, Fact, when


@when(ExportJob.Requested, name="exports.start-export")
async def when_export_requested(fact: Fact[ExportJob.Requested], act: Act) -> None:
    async with act.reading(Attendance) as read:
        total = await count_rows(read, fact.data.query, fact.data.positions)
    await start_export(act.store, act.call, fact.aggregate_id, total)


@when(ExportJob.Started, name="exports.begin-export")
async def when_export_started(fact: Fact[ExportJob.Started], act: Act) -> None:
    await go_on(act, fact.aggregate_id, None)


@when(ExportJob.CheckpointReached, name="exports.continue-export")
async def when_checkpoint_reached(fact: Fact[ExportJob.CheckpointReached], act: Act) -> None:
    await go_on(act, fact.aggregate_id, fact.data.checkpoint)


async def go_on(act: Act, job_id: UUID, last: Checkpoint | None) -> None:
    """One step of the file. After a crash the same rows are asked for at the same position: the same bytes again."""
    job = await act.store.get(ExportJob, job_id, act.call.tenant_id)
    if job.finished or (last is not None and last.done < job.done):
        return
    files = ArtifactFiles(ExportsSettings().artifacts)
    try:
        with files.draft(job.tenant_id, artifact_id(job_id)) as draft:
            step = await write_step(draft, act, job, last)
            sealed = await asyncio.to_thread(draft.seal, step.size) if step.ended else None
    except StorageFailed:
        files.discard(job.tenant_id, artifact_id(job_id))
        await fail_export(act.store, act.call, job_id, "storage-failed")
        return
    if sealed is not None:
        await complete_export(act.store, act.call, job_id, sealed, step.done)
    elif step.checkpoint is not None:
        await report_checkpoint(act.store, act.call, job_id, step.checkpoint)
