"""An artefact: one finished file, whole and sealed by its hash, or absent."""

from datetime import datetime
from uuid import UUID

from exports.jobs.export_job import SourcePosition
from shared.events import Aggregate, event
from shared.ids import derived


class Artifact(Aggregate):
    TOPIC = "exports.artifact"

    class Created(Aggregate.Created):
        TOPIC = "exports.artifact_created"

    class Sealed(Created):
        TOPIC = "exports.artifact_sealed"
        PUBLIC = True
        job_id: UUID
        file: str
        media_type: str
        size: int
        sha256: str
        rows: int
        positions: tuple[SourcePosition, ...]

    class Downloaded(Aggregate.Event):
        TOPIC = "exports.artifact_downloaded"
        downloaded_by: str

    class Deleted(Aggregate.Event):
        TOPIC = "exports.artifact_deleted"
        reason: str

    @event(Sealed)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        job_id: UUID,
        file: str,
        media_type: str,
        size: int,
        sha256: str,
        rows: int,
        positions: tuple[SourcePosition, ...],
        timestamp: datetime,
    ) -> None:
        self.job_id = job_id
        self.file = file
        self.media_type = media_type
        self.size = size
        self.sha256 = sha256
        self.deleted = False

    def delete(self, reason: str, now: datetime) -> None:
        """Its file is gone."""
        if not self.deleted:
            self._deleted(reason=reason, timestamp=now)

    @event(Deleted)
    def _deleted(self, reason: str, timestamp: datetime) -> None:
        self.deleted = True

    def record_download(self, downloaded_by: str, now: datetime) -> None:
        self._downloaded(downloaded_by=downloaded_by, timestamp=now)

    @event(Downloaded)
    def _downloaded(self, downloaded_by: str, timestamp: datetime) -> None:
        pass


def artifact_id(job_id: UUID) -> UUID:
    """Derived, so that a run after a crash seals the same artefact and no second one."""
    return derived(job_id, "artifact")
