"""What can be done with an export job: request it; and, while it runs, start, report, complete, fail."""

from collections.abc import Sequence
from uuid import UUID

from exports.artifacts.artifact import Artifact, artifact_id
from exports.artifacts.files import SealedFile
from exports.jobs.export_job import AttendanceQuery, Checkpoint, ExportJob, SourcePosition, guard_period
from shared.calls import Call, Saved
from shared.commands import command
from shared.store import EventStore

MEDIA_TYPE = "text/csv; charset=utf-8"


@command
async def request_export(
    store: EventStore, call: Call, job_id: UUID, query: AttendanceQuery, positions: Sequence[SourcePosition]
) -> Saved:
    guard_period(query)
    job = ExportJob(
        id=job_id,
        tenant_id=call.tenant_id,
        query=query,
        format="csv",
        requested_by=call.actor.id,
        positions=tuple(positions),
        timestamp=call.now,
    )
    return await store.save(job, call=call)


@command
async def start_export(store: EventStore, call: Call, job_id: UUID, total: int) -> Saved:
    def decide(job: ExportJob) -> None:
        job.plan(total, call.now)
        job.start(call.now)

    return await store.change(ExportJob, job_id, decide, call=call)


@command
async def report_checkpoint(store: EventStore, call: Call, job_id: UUID, checkpoint: Checkpoint) -> Saved:
    return await store.change(ExportJob, job_id, lambda job: job.reach(checkpoint, call.now), call=call)


@command
async def complete_export(store: EventStore, call: Call, job_id: UUID, file: SealedFile, rows: int) -> Saved:
    """The job's end and the artefact's seal in one append."""
    async with store.turn(call, job_id):
        job = await store.get(ExportJob, job_id, call.tenant_id)
        sealed = Artifact(
            id=artifact_id(job_id),
            tenant_id=call.tenant_id,
            job_id=job_id,
            file=f"attendance-{job.query.from_on}-{job.query.to_on}.csv",
            media_type=MEDIA_TYPE,
            size=file.size,
            sha256=file.sha256,
            rows=rows,
            positions=job.positions,
            timestamp=call.now,
        )
        job.complete(sealed.id, rows, call.now)
        return await store.save(job, sealed, call=call)


@command
async def fail_export(store: EventStore, call: Call, job_id: UUID, reason: str) -> Saved:
    return await store.change(ExportJob, job_id, lambda job: job.fail(reason, call.now), call=call)
