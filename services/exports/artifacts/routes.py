"""HTTP of artefacts: the file, its manifest, its downloads."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import FileResponse
from pydantic import BaseModel

from exports.artifacts.artifact_list import ArtifactRow, Artifacts, Download, artifact_of, downloads_of
from exports.artifacts.commands import record_download
from exports.artifacts.files import ArtifactFiles
from exports.settings import ExportsSettings
from shared.answers import Answer
from shared.caller import Caller, may
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["exports"])


class ManifestFile(BaseModel):
    file: str
    media_type: str
    size: int
    sha256: str
    rows: int


class Position(BaseModel):
    service: str
    position: int


class Manifest(BaseModel):
    """What the files of an export are, and how far each source's events are reflected in them."""

    job_id: UUID
    artifact_id: UUID
    sealed_at: datetime
    files: list[ManifestFile]
    positions: list[Position]


@router.get("/exports/{job_id}/manifest", responses=problems(NotFound))
async def get_manifest(job_id: UUID, caller: Annotated[Caller, may("exports.read")]) -> Answer[Manifest]:
    """The finished file with its size and SHA-256, to check a copy with."""
    async with caller.reading(Artifacts) as read:
        found = await artifact_of(read, job_id)
    if found is None:
        raise NotFound
    return caller.answer(manifest_of(found), "Manifest", read)


@router.get(
    "/exports/{job_id}/artifact",
    response_class=FileResponse,
    responses={200: {"content": {"text/csv": {}}, "description": "The file"}, **problems(NotFound)},
)
async def get_artifact(job_id: UUID, caller: Annotated[Caller, may("exports.read", sensitive=True)]) -> FileResponse:
    """The finished file. Who takes it is recorded."""
    async with caller.reading(Artifacts) as read:
        found = await artifact_of(read, job_id)
    if found is None:
        raise NotFound
    path = ArtifactFiles(ExportsSettings().artifacts).path(caller.tenant_id, found.id)
    if not path.is_file():
        raise NotFound
    await record_download(caller.store, caller.call, found.id)
    return FileResponse(path, media_type=found.media_type, filename=found.file, headers={"Cache-Control": "no-store"})


@router.get("/exports/{job_id}/downloads", responses=problems(NotFound))
async def get_downloads(job_id: UUID, caller: Annotated[Caller, may("exports.read")]) -> Answer[list[Download]]:
    """Who took the file, and when."""
    async with caller.reading(Artifacts) as read:
        found = await artifact_of(read, job_id)
        downloads = await downloads_of(read, job_id)
    if found is None:
        raise NotFound
    return caller.answer(downloads, "Downloads", read)


def manifest_of(found: ArtifactRow) -> Manifest:
    file = ManifestFile(
        file=found.file,
        media_type=found.media_type,
        size=found.size,
        sha256=found.sha256,
        rows=found.rows,
    )
    return Manifest(
        job_id=found.job_id,
        artifact_id=found.id,
        sealed_at=found.sealed_at,
        files=[file],
        positions=[Position(**place) for place in found.positions],
    )
