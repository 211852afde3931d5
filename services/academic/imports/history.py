"""The imports of a school: who posted what when, what came of it, and every finding."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from academic.imports.counts import FileCounts
from academic.imports.findings import Severity
from academic.imports.import_batch import ImportBatch, State
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

BATCHES = Table(
    "import_batch",
    key=("tenant_id", "id"),
    columns={
        "tenant_id": "uuid",
        "id": "uuid",
        "state": "text",
        "posted_at": "timestamptz",
        "posted_by": "text",
        "sha256": "text",
        "size": "int8",
        "version": "text",
        "mode": "text",
        "retire_missing": "bool",
        "counts": "jsonb",
        "errors": "int4",
        "warnings": "int4",
        "findings": "int4",
    },
)
FINDINGS = Table(
    "import_finding",
    key=("tenant_id", "import_id", "number"),
    columns={
        "tenant_id": "uuid",
        "import_id": "uuid",
        "number": "int4",
        "file": "text",
        "line": "int4",
        "field": "text",
        "severity": "text",
        "code": "text",
        "message": "text",
    },
)


class ImportHistory(View):
    """Every import that was not a dry run."""

    NAME = "import_history"
    SOURCE = "academic"
    TABLES = (BATCHES, FINDINGS)

    @on(ImportBatch.Staged)
    def staged(self, fact: Fact[ImportBatch.Staged], rows: Rows) -> None:
        data = fact.data
        rows.put(
            BATCHES,
            {
                "tenant_id": fact.tenant_id,
                "id": fact.aggregate_id,
                "state": "staged",
                "posted_at": fact.time,
                "posted_by": fact.actor.get("id", ""),
                "sha256": data.sha256,
                "size": data.size,
                "version": data.version,
                "mode": data.mode,
                "retire_missing": data.retire_missing,
                "counts": [],
                "errors": 0,
                "warnings": 0,
                "findings": 0,
            },
        )

    @on(ImportBatch.FindingsReported)
    def reported(self, fact: Fact[ImportBatch.FindingsReported], rows: Rows) -> None:
        for number, finding in enumerate(fact.data.findings, fact.data.first):
            key = {"tenant_id": fact.tenant_id, "import_id": fact.aggregate_id, "number": number}
            rows.put(FINDINGS, key | asdict(finding))
        known = fact.data.first + len(fact.data.findings)
        rows.change(BATCHES, (fact.tenant_id, fact.aggregate_id), findings=known)

    @on(ImportBatch.Validated)
    def validated(self, fact: Fact[ImportBatch.Validated], rows: Rows) -> None:
        self._judged(fact, rows, "validated")

    @on(ImportBatch.Rejected)
    def rejected(self, fact: Fact[ImportBatch.Rejected], rows: Rows) -> None:
        self._judged(fact, rows, "rejected")

    @on(ImportBatch.Applied)
    def applied(self, fact: Fact[ImportBatch.Applied], rows: Rows) -> None:
        counts = [asdict(file) for file in fact.data.counts]
        rows.change(BATCHES, (fact.tenant_id, fact.aggregate_id), state="applied", counts=counts)

    def _judged(self, fact: Fact[ImportBatch.Validated] | Fact[ImportBatch.Rejected], rows: Rows, state: str) -> None:
        rows.change(
            BATCHES,
            (fact.tenant_id, fact.aggregate_id),
            state=state,
            counts=[asdict(file) for file in fact.data.counts],
            errors=fact.data.errors,
            warnings=fact.data.warnings,
        )


class ImportSummary(BaseModel):
    """`state` validated: it is being applied, or was interrupted; the same request goes on with it.

    `findings` are those that can be read one by one, `errors` and `warnings` count all."""

    id: UUID
    state: str
    posted_at: datetime
    posted_by: str
    sha256: str
    size: int
    version: str
    mode: str
    retire_missing: bool
    counts: list[FileCounts]
    errors: int
    warnings: int
    findings: int


SUMMARY = (
    "SELECT id, state, posted_at, posted_by, sha256, size, version, mode, retire_missing, counts, errors,"
    " warnings, findings FROM import_batch WHERE tenant_id = %(tenant)s"
)


async def imports_of_school(
    read: Reading, before: UUID | None, limit: int, state: State | None = None
) -> list[ImportSummary]:
    """The newest first: ids grow with time."""
    return await read.all(
        ImportSummary,
        f"{SUMMARY} AND (%(before)s::uuid IS NULL OR id < %(before)s)"
        " AND (%(state)s::text IS NULL OR state = %(state)s) ORDER BY id DESC LIMIT %(limit)s",
        before=before,
        state=state,
        limit=limit,
    )


async def import_summary(read: Reading, import_id: UUID) -> ImportSummary | None:
    return await read.one(ImportSummary, f"{SUMMARY} AND id = %(id)s", id=import_id)


class NumberedFinding(BaseModel):
    """`line` 1 is the header or the file as such, 0 the archive."""

    number: int
    file: str
    line: int
    field: str
    severity: str
    code: str
    message: str


async def findings_of(
    read: Reading,
    import_id: UUID,
    after: int,
    limit: int,
    severity: Severity | None = None,
    file: str | None = None,
) -> list[NumberedFinding]:
    return await read.all(
        NumberedFinding,
        "SELECT number, file, line, field, severity, code, message FROM import_finding"
        " WHERE tenant_id = %(tenant)s AND import_id = %(id)s AND number > %(after)s"
        " AND (%(severity)s::text IS NULL OR severity = %(severity)s) AND (%(file)s::text IS NULL OR file = %(file)s)"
        " ORDER BY number LIMIT %(limit)s",
        id=import_id,
        after=after,
        limit=limit,
        severity=severity,
        file=file,
    )
