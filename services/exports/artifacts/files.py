"""Files of artefacts: written under a temporary name, hashed, made durable, then visible. Whole or absent."""

import hashlib
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

ABANDONED = 3600.0


class StorageFailed(Exception):
    """The folder of artefacts cannot be written: full, read-only or gone."""


@dataclass(frozen=True)
class SealedFile:
    size: int
    sha256: str


class Draft:
    """A file that nobody sees yet."""

    def __init__(self, file: BinaryIO, temporary: Path, final: Path) -> None:
        self._file = file
        self._temporary = temporary
        self._final = final
        self._digest = hashlib.sha256()
        self._size = 0

    def write(self, data: bytes) -> None:
        with storage():
            self._file.write(data)
        self._digest.update(data)
        self._size += len(data)

    def seal(self) -> SealedFile:
        """On disk and under its name when this returns."""
        with storage():
            self._file.flush()
            os.fsync(self._file.fileno())
            self._temporary.replace(self._final)
            sync_folder(self._final.parent)
        return SealedFile(self._size, self._digest.hexdigest())


class ArtifactFiles:
    """One folder a tenant; a file is named by its artefact, which a client never chooses."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, tenant_id: UUID, artifact_id: UUID) -> Path:
        return self._root / str(tenant_id) / artifact_id.hex

    @contextmanager
    def draft(self, tenant_id: UUID, artifact_id: UUID) -> Iterator[Draft]:
        """What is not sealed is gone at the end; what a killed process left goes after an hour."""
        final = self.path(tenant_id, artifact_id)
        temporary = final.with_name(f"{final.name}.{secrets.token_hex(8)}.part")
        with storage():
            final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            remove_abandoned(final.parent)
            file = os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        try:
            with file:
                yield Draft(file, temporary, final)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def storage() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise StorageFailed from error


def sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove_abandoned(folder: Path) -> None:
    for part in folder.glob("*.part"):
        if part.stat().st_mtime < time.time() - ABANDONED:
            part.unlink(missing_ok=True)
