"""The whole school as one ZIP of OneRoster 1.2 CSV files, over HTTP."""

from collections.abc import AsyncIterator
from tempfile import TemporaryFile
from typing import Annotated

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from academic.oneroster.archive import write_archive
from academic.oneroster.rostering import Rostering
from academic.oneroster.snapshot import snapshot
from shared.caller import Caller, may
from shared.problems import NotPermitted

router = APIRouter(tags=["oneroster"])

CHUNK = 65_536
ALL = ("school.read", "classes.read", "enrolments.read")
"""What else one must be allowed to read: the files hold all of it."""
ZIP = {"application/zip": {"schema": {"type": "string", "format": "binary"}}}


@router.get(
    "/oneroster/export",
    response_class=StreamingResponse,
    responses={200: {"content": ZIP, "description": "manifest.csv and the rostering files, as bulk"}},
)
async def get_oneroster_export(caller: Annotated[Caller, may("people.read", sensitive=True)]) -> StreamingResponse:
    """The school as OneRoster 1.2 CSV files. Needs people.read, school.read, classes.read and enrolments.read."""
    if caller.identity is None or not all(caller.identity.reach(permission) for permission in ALL):
        raise NotPermitted
    async with caller.reading(Rostering):
        pass  # a view that is behind says so before the answer begins
    headers = {"Content-Disposition": 'attachment; filename="oneroster.zip"', "Cache-Control": "no-store"}
    return StreamingResponse(archive_of(caller), media_type="application/zip", headers=headers)


async def archive_of(caller: Caller) -> AsyncIterator[bytes]:
    """Written to disk at full speed first: a slow client keeps no connection of the database."""
    with TemporaryFile() as file:
        async with caller.reading(Rostering) as read:
            await write_archive(file, snapshot(read, caller.keyring))
        file.seek(0)
        while chunk := file.read(CHUNK):
            yield chunk
