"""HTTP of export jobs: ask for a file, watch it being made."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, Field

from exports.attendance.attendance import Attendance, class_title
from exports.jobs.commands import request_export
from exports.jobs.export_job import AttendanceQuery, PeriodReversed, SourcePosition
from exports.jobs.job_list import JobList, JobRow, count_jobs, job_of, jobs_of
from shared.answers import Answer, Page, Receipt, Request
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.ids import uuid7
from shared.problems import problems

router = APIRouter(tags=["exports"])


class ExportRequest(Request):
    """Marks of one class on the days `from` to `to`, both included."""

    kind: Literal["class-attendance"]
    class_id: UUID
    from_on: date = Field(alias="from")
    to_on: date = Field(alias="to")


class Summary(BaseModel):
    """How many exports are waiting, running, done and failed."""

    requested: int
    running: int
    completed: int
    failed: int


@router.post("/exports", status_code=202, responses=problems(NotFound, PeriodReversed))
async def post_export(
    body: ExportRequest, caller: Annotated[Caller, may("exports.write", creates=True)]
) -> Answer[Receipt]:
    """Ask for a file. The answer's id names the job to follow at `/exports/{id}`.

    The file shows what is known when this is asked: a consistency token of academic is waited for."""
    async with caller.reading(Attendance) as read:
        known = await class_title(read, body.class_id)
    if known is None:
        raise NotFound(pointer="/class_id")
    query = AttendanceQuery(class_id=body.class_id, from_on=body.from_on, to_on=body.to_on)
    reflected = SourcePosition(Attendance.SOURCE, read.position)
    saved = await request_export(caller.store, caller.call, uuid7(), query, [reflected])
    return caller.accepted(saved, "Export requested")


@router.get("/exports", responses=problems())
async def get_exports(page: Page, caller: Annotated[Caller, may("exports.read")]) -> Answer[list[JobRow]]:
    """The exports of the school, newest first."""
    after = page.after(UUID)
    async with caller.reading(JobList) as read:
        rows = await jobs_of(read, after=after[0] if after else None, limit=page.limit + 1)
    return caller.page(rows, "Exports", read, page, lambda job: (job.id,))


@router.get("/exports/{job_id}", responses=problems(NotFound))
async def get_export(job_id: UUID, caller: Annotated[Caller, may("exports.read")]) -> Answer[JobRow]:
    """One export: its state, how many rows are done, and its artefact once it is complete."""
    async with caller.reading(JobList) as read:
        job = await job_of(read, job_id)
    if job is None:
        raise NotFound
    return caller.answer(job, "Export", read)


@router.get("/summary", responses=problems())
async def get_summary(caller: Annotated[Caller, may("exports.read")]) -> Answer[Summary]:
    """The exports in one row, for dashboards."""
    async with caller.reading(JobList) as read:
        counts = await count_jobs(read)
    return caller.answer(Summary.model_validate(counts, from_attributes=True), "Summary", read)
