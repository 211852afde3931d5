"""The artefacts of a school: what each file is, what it reflects, and who took it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from exports.artifacts.artifact import Artifact
from shared.reading import Reading
from shared.views import Fact, Rows, Table, View, on

ARTIFACTS = Table(
    "artifact",
    key=("tenant_id", "artifact_id"),
    columns={
        "tenant_id": "uuid",
        "artifact_id": "uuid",
        "job_id": "uuid",
        "file": "text",
        "media_type": "text",
        "size": "int8",
        "sha256": "text",
        "rows": "int8",
        "positions": "jsonb",
        "sealed_at": "timestamptz",
    },
    indexes=(("tenant_id", "job_id"),),
)
DOWNLOADS = Table(
    "download",
    key=("tenant_id", "artifact_id", "number"),
    columns={
        "tenant_id": "uuid",
        "artifact_id": "uuid",
        "number": "int8",
        "downloaded_by": "text",
        "downloaded_at": "timestamptz",
    },
)


@dataclass(frozen=True)
class ArtifactRow:
    id: UUID
    job_id: UUID
    file: str
    media_type: str
    size: int
    sha256: str
    rows: int
    positions: list[dict[str, Any]]
    sealed_at: datetime


@dataclass(frozen=True)
class Download:
    downloaded_by: str
    downloaded_at: datetime


class Artifacts(View):
    """Artefacts and their downloads."""

    NAME = "artifacts"
    VERSION = 1
    SOURCE = "exports"
    TABLES = (ARTIFACTS, DOWNLOADS)

    @on(Artifact.Sealed)
    def sealed(self, fact: Fact[Artifact.Sealed], rows: Rows) -> None:
        data = fact.data
        rows.put(
            ARTIFACTS,
            {
                "tenant_id": fact.tenant_id,
                "artifact_id": fact.aggregate_id,
                "job_id": data.job_id,
                "file": data.file,
                "media_type": data.media_type,
                "size": data.size,
                "sha256": data.sha256,
                "rows": data.rows,
                "positions": [{"service": p.service, "position": p.position} for p in data.positions],
                "sealed_at": fact.recorded_at,
            },
        )

    @on(Artifact.Deleted)
    def deleted(self, fact: Fact[Artifact.Deleted], rows: Rows) -> None:
        rows.remove(ARTIFACTS, (fact.tenant_id, fact.aggregate_id))

    @on(Artifact.Downloaded)
    def downloaded(self, fact: Fact[Artifact.Downloaded], rows: Rows) -> None:
        rows.put(
            DOWNLOADS,
            {
                "tenant_id": fact.tenant_id,
                "artifact_id": fact.aggregate_id,
                "number": fact.version,
                "downloaded_by": fact.data.downloaded_by,
                "downloaded_at": fact.time,
            },
        )


async def artifact_of(read: Reading, job_id: UUID) -> ArtifactRow | None:
    return await read.one(
        ArtifactRow,
        "SELECT artifact_id AS id, job_id, file, media_type, size, sha256, rows, positions, sealed_at"
        " FROM artifact WHERE tenant_id = %(tenant)s AND job_id = %(job)s",
        job=job_id,
    )


async def downloads_of(read: Reading, job_id: UUID) -> list[Download]:
    return await read.all(
        Download,
        "SELECT downloaded_by, downloaded_at FROM download JOIN artifact USING (tenant_id, artifact_id)"
        " WHERE tenant_id = %(tenant)s AND job_id = %(job)s ORDER BY number",
        job=job_id,
    )
