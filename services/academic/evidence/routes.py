"""Evidence packs over HTTP."""

import asyncio
from io import BytesIO
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import Response

from academic.evidence.gathering import SERVICE, evidence_of
from academic.evidence.pack import write_pack
from shared.caller import Caller, may
from shared.checkpoints import CheckpointKey
from shared.errors import NotFound
from shared.problems import problems

router = APIRouter(tags=["evidence"])

ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"content": ZIP, "description": "The register as JSON and PDF/A, proofs, a verifier"},
    **problems(NotFound),
}


@router.get("/classes/{class_id}/evidence", response_class=Response, responses=ANSWERS)
async def get_evidence(class_id: UUID, caller: Annotated[Caller, may("attendance.read", sensitive=True)]) -> Response:
    """The register of a class with its corrections and signatures, to be verified without this product. It is as of
    the newest event of the school: the same request before the next one gives the same bytes."""
    key = CheckpointKey(SERVICE, caller.keyring.master)
    evidence = await evidence_of(caller, key, class_id)
    file = BytesIO()
    await asyncio.to_thread(write_pack, file, evidence, key)
    name = f'attachment; filename="evidence-{class_id}.zip"'
    headers = {"Content-Disposition": name, "Cache-Control": "no-store"}
    return Response(file.getvalue(), media_type="application/zip", headers=headers)
