"""Decisions of an artefact."""

from datetime import UTC, datetime

from exports.artifacts.artifact import Artifact, artifact_id
from exports.jobs.export_job import SourcePosition
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 30, 9, 0, tzinfo=UTC)
JOB = uuid7()


def sealed() -> Artifact:
    return Artifact(
        id=artifact_id(JOB),
        tenant_id=uuid7(),
        job_id=JOB,
        file="attendance.csv",
        media_type="text/csv; charset=utf-8",
        size=42,
        sha256="0" * 64,
        rows=1,
        positions=(SourcePosition("academic", 41),),
        timestamp=NOW,
    )


def test_a_job_has_one_artefact_however_often_it_runs() -> None:
    assert artifact_id(JOB) == artifact_id(JOB) != artifact_id(uuid7())


def test_D27_every_download_is_recorded_with_its_user() -> None:
    given(sealed()).when(lambda a: a.record_download("ann", NOW)).then(Artifact.Downloaded, downloaded_by="ann")
