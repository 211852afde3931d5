"""The exports of a school: who asked for what, how far it has come, and where the file is."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from exports.jobs.export_job import ExportJob
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

JOBS = Table(
    "export_job",
    key=("tenant_id", "job_id"),
    columns={
        "tenant_id": "uuid",
        "job_id": "uuid",
        "kind": "text",
        "class_id": "uuid",
        "from_on": "date",
        "to_on": "date",
        "format": "text",
        "state": "text",
        "total": "int8",
        "done": "int8",
        "artifact_id": "uuid",
        "reason": "text",
        "requested_by": "text",
        "requested_at": "timestamptz",
        "ended_at": "timestamptz",
    },
)

State = Literal["requested", "planned", "running", "completed", "failed"]


@dataclass(frozen=True)
class JobRow:
    """`percent` and the counts are what the last checkpoint said."""

    id: UUID
    kind: str
    class_id: UUID
    from_on: date
    to_on: date
    format: str
    state: State
    total: int | None
    done: int
    percent: int
    artifact_id: UUID | None
    reason: str | None
    requested_by: str
    requested_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class JobCounts:
    requested: int
    running: int
    completed: int
    failed: int


class JobList(View):
    """One row a job, with its progress."""

    NAME = "job_list"
    VERSION = 1
    SOURCE = "exports"
    TABLES = (JOBS,)

    @on(ExportJob.Requested)
    def requested(self, fact: Fact[ExportJob.Requested], rows: Rows) -> None:
        query = fact.data.query
        rows.put(
            JOBS,
            {
                "tenant_id": fact.tenant_id,
                "job_id": fact.aggregate_id,
                "kind": query.kind,
                "class_id": query.class_id,
                "from_on": query.from_on,
                "to_on": query.to_on,
                "format": fact.data.format,
                "state": "requested",
                "total": None,
                "done": 0,
                "artifact_id": None,
                "reason": None,
                "requested_by": fact.data.requested_by,
                "requested_at": fact.time,
                "ended_at": None,
            },
        )

    @on(ExportJob.Planned)
    def planned(self, fact: Fact[ExportJob.Planned], rows: Rows) -> None:
        rows.change(JOBS, (fact.tenant_id, fact.aggregate_id), state="planned", total=fact.data.total)

    @on(ExportJob.Started)
    def started(self, fact: Fact[ExportJob.Started], rows: Rows) -> None:
        rows.change(JOBS, (fact.tenant_id, fact.aggregate_id), state="running")

    @on(ExportJob.CheckpointReached)
    def reached(self, fact: Fact[ExportJob.CheckpointReached], rows: Rows) -> None:
        rows.change(JOBS, (fact.tenant_id, fact.aggregate_id), done=fact.data.checkpoint.done)

    @on(ExportJob.Completed)
    def completed(self, fact: Fact[ExportJob.Completed], rows: Rows) -> None:
        rows.change(
            JOBS,
            (fact.tenant_id, fact.aggregate_id),
            state="completed",
            done=fact.data.rows,
            artifact_id=fact.data.artifact_id,
            ended_at=fact.recorded_at,
        )

    @on(ExportJob.Failed)
    def failed(self, fact: Fact[ExportJob.Failed], rows: Rows) -> None:
        rows.change(
            JOBS,
            (fact.tenant_id, fact.aggregate_id),
            state="failed",
            reason=fact.data.reason,
            ended_at=fact.recorded_at,
        )


COLUMNS = (
    "job_id AS id, kind, class_id, from_on, to_on, format, state, total, done,"
    " CASE WHEN state = 'completed' THEN 100 WHEN coalesce(total, 0) = 0 THEN 0"
    " ELSE (done * 100 / total)::int END AS percent,"
    " artifact_id, reason, requested_by, requested_at, ended_at"
)


async def job_of(read: Reading, job_id: UUID) -> JobRow | None:
    return await read.one(
        JobRow,
        f"SELECT {COLUMNS} FROM export_job WHERE tenant_id = %(tenant)s AND job_id = %(job)s",  # noqa: S608
        job=job_id,
    )


async def jobs_of(read: Reading, *, after: UUID | None, limit: int) -> list[JobRow]:
    """Newest first: the ids are ordered by time."""
    return await read.all(
        JobRow,
        f"SELECT {COLUMNS} FROM export_job WHERE tenant_id = %(tenant)s AND job_id < %(after)s"  # noqa: S608
        " ORDER BY job_id DESC LIMIT %(limit)s",
        after=after or UUID(int=2**128 - 1),
        limit=limit,
    )


async def count_jobs(read: Reading) -> JobCounts:
    row = await read.one(
        JobCounts,
        "SELECT count(*) FILTER (WHERE state IN ('requested', 'planned')) AS requested,"
        " count(*) FILTER (WHERE state = 'running') AS running,"
        " count(*) FILTER (WHERE state = 'completed') AS completed,"
        " count(*) FILTER (WHERE state = 'failed') AS failed"
        " FROM export_job WHERE tenant_id = %(tenant)s",
    )
    return row or JobCounts(0, 0, 0, 0)
