"""Decisions of an export job."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest

from exports.jobs.export_job import (
    FEWEST_ROWS,
    MOST_CHECKPOINTS,
    AttendanceQuery,
    Checkpoint,
    ExportJob,
    JobNotStarted,
    PeriodReversed,
    SourcePosition,
    guard_period,
    rows_a_step,
)
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 30, 9, 0, tzinfo=UTC)
ARTIFACT = uuid7()
SEPTEMBER = AttendanceQuery(class_id=uuid7(), from_on=date(2026, 9, 1), to_on=date(2026, 9, 30))


def checkpoint(done: int) -> Checkpoint:
    return Checkpoint(done, 60 * done, date(2026, 9, 7), uuid7(), uuid7())


AT_500 = checkpoint(500)


def requested() -> ExportJob:
    return ExportJob(
        id=uuid7(),
        tenant_id=uuid7(),
        query=SEPTEMBER,
        format="csv",
        requested_by=str(uuid7()),
        positions=(SourcePosition("academic", 41),),
        timestamp=NOW,
    )


def started() -> ExportJob:
    job = requested()
    job.plan(900, NOW)
    job.start(NOW)
    return job


def halfway() -> ExportJob:
    job = started()
    job.reach(AT_500, NOW)
    return job


def completed() -> ExportJob:
    job = halfway()
    job.complete(ARTIFACT, 900, NOW)
    return job


def failed() -> ExportJob:
    job = started()
    job.fail("storage-failed", NOW)
    return job


def test_D1_a_requested_job_is_planned() -> None:
    given(requested()).when(lambda j: j.plan(900, NOW)).then(ExportJob.Planned, total=900)


def test_planning_twice_changes_nothing() -> None:
    given(started()).when(lambda j: j.plan(7, NOW)).then_nothing()


def test_D1_a_job_is_started_once() -> None:
    given(requested()).when(lambda j: j.start(NOW)).then(ExportJob.Started)
    given(started()).when(lambda j: j.start(NOW)).then_nothing()


def test_D2_a_checkpoint_says_how_far_the_job_has_come() -> None:
    given(started()).when(lambda j: j.reach(AT_500, NOW)).then(ExportJob.CheckpointReached, checkpoint=AT_500)


def test_a_rerun_passes_its_old_checkpoints_in_silence() -> None:
    given(halfway()).when(lambda j: j.reach(AT_500, NOW)).then_nothing()
    given(halfway()).when(lambda j: j.reach(checkpoint(250), NOW)).then_nothing()


@pytest.mark.parametrize("total", [0, 1, 1_999, 200_000, 200_001, 5_000_000])
def test_a_job_has_at_most_a_hundred_checkpoints(total: int) -> None:
    assert rows_a_step(total) >= FEWEST_ROWS
    assert -(-total // rows_a_step(total)) <= MOST_CHECKPOINTS


def test_a_job_that_was_not_started_reaches_nothing() -> None:
    given(requested()).when(lambda j: j.reach(checkpoint(1), NOW)).then_refused(JobNotStarted)
    given(requested()).when(lambda j: j.complete(ARTIFACT, 0, NOW)).then_refused(JobNotStarted)


def test_F11_a_job_completes_with_its_artefact() -> None:
    given(halfway()).when(lambda j: j.complete(ARTIFACT, 900, NOW)).then(
        ExportJob.Completed, artifact_id=ARTIFACT, rows=900
    )


def test_a_job_fails_with_a_reason() -> None:
    given(started()).when(lambda j: j.fail("storage-failed", NOW)).then(ExportJob.Failed, reason="storage-failed")


@pytest.mark.parametrize("ended", [completed, failed])
def test_nothing_happens_to_a_job_that_has_ended(ended: Callable[[], ExportJob]) -> None:
    given(ended()).when(lambda j: j.plan(1, NOW)).then_nothing()
    given(ended()).when(lambda j: j.start(NOW)).then_nothing()
    given(ended()).when(lambda j: j.reach(checkpoint(901), NOW)).then_nothing()
    given(ended()).when(lambda j: j.complete(ARTIFACT, 900, NOW)).then_nothing()
    given(ended()).when(lambda j: j.fail("late", NOW)).then_nothing()


def test_a_period_does_not_end_before_it_begins() -> None:
    guard_period(SEPTEMBER)
    with pytest.raises(PeriodReversed) as refusal:
        guard_period(AttendanceQuery(SEPTEMBER.class_id, SEPTEMBER.to_on, SEPTEMBER.from_on))
    assert refusal.value.pointer == "/to"
