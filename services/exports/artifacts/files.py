"""Files of artefacts: written under a temporary name, made durable, hashed, then visible. Whole or absent."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BufferedRandom
from pathlib import Path
from uuid import UUID


class StorageFailed(Exception):
    """The folder of artefacts cannot be written: full, read-only or gone."""


@dataclass(frozen=True)
class SealedFile:
    size: int
    sha256: str


class Draft:
    """A file that nobody sees yet. Bytes are written at their place, so writing them again changes nothing."""

    def __init__(self, file: BufferedRandom, temporary: Path, final: Path) -> None:
        self._file = file
        self._temporary = temporary
        self._final = final

    def reaches(self, size: int) -> bool:
        """Whether what an earlier run wrote is still here."""
        with storage():
            return os.fstat(self._file.fileno()).st_size >= size

    def write(self, data: bytes, at: int) -> int:
        """Returns where the next bytes go."""
        with storage():
            self._file.seek(at)
            self._file.write(data)
            self._file.flush()
        return at + len(data)

    def seal(self, size: int) -> SealedFile:
        """On disk and under its name when this returns."""
        with storage():
            self._file.truncate(size)
            os.fsync(self._file.fileno())
            self._file.seek(0)
            digest = hashlib.file_digest(self._file, "sha256").hexdigest()
            self._temporary.replace(self._final)
            sync_folder(self._final.parent)
        return SealedFile(size, digest)


class ArtifactFiles:
    """One folder a tenant; a file is named by its artefact, which a client never chooses."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, tenant_id: UUID, artifact_id: UUID) -> Path:
        return self._root / str(tenant_id) / artifact_id.hex

    @contextmanager
    def draft(self, tenant_id: UUID, artifact_id: UUID) -> Iterator[Draft]:
        """The draft of an artefact, with what earlier runs wrote into it."""
        final = self.path(tenant_id, artifact_id)
        temporary = part_of(final)
        with storage():
            final.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file = os.fdopen(os.open(temporary, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        with file:
            yield Draft(file, temporary, final)

    def remove(self, tenant_id: UUID, artifact_id: UUID) -> None:
        """The file and its draft, for good. Raises StorageFailed."""
        final = self.path(tenant_id, artifact_id)
        with storage():
            for path in (final, part_of(final)):
                path.unlink(missing_ok=True)
            if final.parent.exists():
                sync_folder(final.parent)

    def discard(self, tenant_id: UUID, artifact_id: UUID) -> None:
        """Of a job that failed. A folder that cannot be written keeps it."""
        with suppress(OSError):
            part_of(self.path(tenant_id, artifact_id)).unlink(missing_ok=True)


def part_of(final: Path) -> Path:
    return final.with_name(f"{final.name}.part")


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
