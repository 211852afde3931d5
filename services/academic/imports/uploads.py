"""The posted file, streamed to disk: never whole in memory, gone when the request is done."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
from fastapi import Request

from shared.problems import Problem

TYPES = ("application/zip", "application/x-zip-compressed", "application/octet-stream")


class MediaTypeUnsupported(Problem):
    """This route takes application/zip."""

    def __init__(self) -> None:
        super().__init__(415, "media-type-unsupported", str(self.__doc__))


@dataclass(frozen=True)
class Received:
    path: Path
    sha256: str
    size: int


@asynccontextmanager
async def received(request: Request) -> AsyncIterator[Received]:
    """The kernel's guard ends the stream where the route's limit is."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in TYPES:
        raise MediaTypeUnsupported
    digest, size = hashlib.sha256(), 0
    async with anyio.TemporaryDirectory(prefix="rollbook-import-") as folder:
        path = Path(folder) / "upload.zip"
        async with await anyio.open_file(path, "wb") as file:
            async for piece in request.stream():
                digest.update(piece)
                size += len(piece)
                await file.write(piece)
        yield Received(path, digest.hexdigest(), size)
