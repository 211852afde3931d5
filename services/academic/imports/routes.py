"""OneRoster files over HTTP: post one, look at what became of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel

from academic.imports.commands import Upload, import_file, try_import
from academic.imports.counts import FileCounts
from academic.imports.findings import Finding, Severity
from academic.imports.history import (
    ImportHistory,
    ImportSummary,
    NumberedFinding,
    findings_of,
    import_summary,
    imports_of_school,
)
from academic.imports.import_batch import ImportBatch, Mode, State
from academic.imports.oneroster.archive import MAX_UPLOAD
from academic.imports.refusals import REFUSALS, ImportRejected
from academic.imports.sourced_things import SourcedThing, SourcedThings, things_in_use
from academic.imports.uploads import received
from shared.answers import Answer, Page
from shared.caller import Caller, may
from shared.errors import NotFound, code_of
from shared.problems import Problem, field_error, problems

router = APIRouter(tags=["imports"])

SHOWN = 1000
"""Findings in the answer to a post; all of them are in the import's own pages."""
ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


class ImportReport(BaseModel):
    """`id` is null after a dry run. `findings` are the first 1000 of `findings_total`."""

    id: UUID | None
    state: str
    sha256: str
    version: str
    mode: str
    retire_missing: bool
    counts: list[FileCounts]
    errors: int
    warnings: int
    findings: list[Finding]
    findings_total: int


class ImportDetails(ImportSummary):
    """An import with a page of its findings."""

    rows: list[NumberedFinding]


class Rejected(Problem):
    """The answer names the first 100 errors; the import stays readable with all of them."""

    def __init__(self, batch: ImportBatch) -> None:
        wrong = [finding for finding in batch.findings if finding.severity == "error"][:100]
        super().__init__(
            ImportRejected.status,
            code_of(ImportRejected),
            f"{batch.errors} errors; nothing was applied. All findings: /imports/{batch.id}",
            errors=[field_error(f"/{f.file}/{f.line}/{f.field}", f.message, f.code) for f in wrong],
        )


@router.post(
    "/imports",
    status_code=201,
    responses=problems(*REFUSALS),
    openapi_extra={"requestBody": {"required": True, "content": ZIP}},
)
async def post_import(
    request: Request,
    response: Response,
    caller: Annotated[Caller, may("imports.write", creates=True, body_limit=MAX_UPLOAD)],
    mode: Annotated[Mode, Query(description="Apply nothing if any row has an error, or the good rows")] = (
        "all-or-nothing"
    ),
    dry_run: Annotated[bool, Query(description="Only tell what an import would do")] = False,
    retire_missing: Annotated[bool, Query(description="Retire what a bulk file does not name any more")] = False,
) -> Answer[ImportReport]:
    """Import a OneRoster bundle: a ZIP of CSV files, version 1.1 or 1.2.

    Interrupted, the same request with the same Idempotency-Key goes on where it stopped. The file wins over what was
    changed by hand in things that it names; what it does not name stays, except with retire_missing."""
    async with received(request) as file:

        async def in_use(name: str) -> list[SourcedThing]:
            async with caller.reading(SourcedThings) as read:
                return await things_in_use(read, name)

        upload = Upload(file.path, file.sha256, file.size, mode, in_use if retire_missing else None)
        call = caller.call_for(file.sha256.encode())
        if dry_run:
            response.status_code = 200
            batch = await try_import(caller.store, call, caller.keyring, upload)
            return caller.answer(report(batch, None), "Nothing was applied: a dry run")
        batch, saved = await import_file(caller.store, call, caller.keyring, upload)
    if batch.state == "rejected":
        raise Rejected(batch)
    caller.moved(saved)
    return caller.answer(report(batch, batch.id), "Imported")


@router.get("/imports")
async def get_imports(
    paging: Page, caller: Annotated[Caller, may("imports.read")], state: State | None = None
) -> Answer[list[ImportSummary]]:
    """The imports of the school, the newest first; all, or those in one state."""
    before = paging.after(UUID)
    async with caller.reading(ImportHistory) as read:
        found = await imports_of_school(read, before[0] if before else None, paging.limit + 1, state)
    return caller.page(found, "Imports", read, paging, lambda each: (each.id,))


@router.get("/imports/{import_id}", responses=problems(NotFound))
async def get_import(
    import_id: UUID,
    paging: Page,
    caller: Annotated[Caller, may("imports.read")],
    severity: Severity | None = None,
    file: Annotated[str | None, Query(max_length=100, description="Findings in this file")] = None,
) -> Answer[ImportDetails]:
    """One import: its counts, and its findings page by page; all, or those of a severity or file."""
    after = paging.after(int)
    async with caller.reading(ImportHistory) as read:
        summary = await import_summary(read, import_id)
        if summary is None:
            raise NotFound
        found = await findings_of(read, import_id, after[0] if after else -1, paging.limit + 1, severity, file)
    page = caller.page(found, "Import", read, paging, lambda each: (each.number,))
    details = ImportDetails(**summary.model_dump(), rows=page.data)
    return Answer(data=details, message=page.message, meta=page.meta)


def report(batch: ImportBatch, id: UUID | None) -> ImportReport:
    return ImportReport(
        id=id,
        state=batch.state,
        sha256=batch.sha256,
        version=batch.oneroster,
        mode=batch.mode,
        retire_missing=batch.retire_missing,
        counts=list(batch.counts),
        errors=batch.errors,
        warnings=batch.warnings,
        findings=list(batch.findings[:SHOWN]),
        findings_total=batch.errors + batch.warnings,
    )
