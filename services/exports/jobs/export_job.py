"""An export job: one file asked for, and how far it has come."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from shared.errors import Refused
from shared.events import Aggregate, event

MOST_CHECKPOINTS = 100
FEWEST_ROWS = 2_000


class PeriodReversed(Refused):
    """The period ends before it begins."""


class JobNotStarted(Refused):
    """This export has not been started."""


@dataclass(frozen=True)
class AttendanceQuery:
    """The marks of one class on the days from `from_on` to `to_on`, both included."""

    class_id: UUID
    from_on: date
    to_on: date
    kind: str = "class-attendance"


@dataclass(frozen=True)
class SourcePosition:
    """How far a service's log is reflected: the same query at the same positions gives the same bytes."""

    service: str
    position: int


@dataclass(frozen=True)
class Checkpoint:
    """Where a run goes on: `done` rows are written, they take `size` bytes, the last one is the mark named here."""

    done: int
    size: int
    held_on: date
    meeting_id: UUID
    enrolment_id: UUID


class ExportJob(Aggregate):
    TOPIC = "exports.export_job"

    class Created(Aggregate.Created):
        TOPIC = "exports.export_job_created"

    class Requested(Created):
        TOPIC = "exports.export_requested"
        PUBLIC = True
        query: AttendanceQuery
        format: str
        requested_by: str
        positions: tuple[SourcePosition, ...]

    class Planned(Aggregate.Event):
        TOPIC = "exports.export_planned"
        total: int

    class Started(Aggregate.Event):
        TOPIC = "exports.export_started"

    class CheckpointReached(Aggregate.Event):
        TOPIC = "exports.checkpoint_reached"
        checkpoint: Checkpoint

    class Completed(Aggregate.Event):
        TOPIC = "exports.export_completed"
        PUBLIC = True
        artifact_id: UUID
        rows: int

    class Failed(Aggregate.Event):
        TOPIC = "exports.export_failed"
        PUBLIC = True
        reason: str

    @event(Requested)
    def __init__(
        self,
        *,
        id: UUID,
        tenant_id: UUID,
        query: AttendanceQuery,
        format: str,
        requested_by: str,
        positions: tuple[SourcePosition, ...],
        timestamp: datetime,
    ) -> None:
        self.query = query
        self.requested_by = requested_by
        self.positions = positions
        self.total: int | None = None
        self.started = False
        self.done = 0
        self.finished = False

    def plan(self, total: int, now: datetime) -> None:
        if self.total is None and not self.finished:
            self._planned(total=total, timestamp=now)

    @event(Planned)
    def _planned(self, total: int, timestamp: datetime) -> None:
        self.total = total

    def start(self, now: datetime) -> None:
        if not self.started and not self.finished:
            self._started(timestamp=now)

    @event(Started)
    def _started(self, timestamp: datetime) -> None:
        self.started = True

    def reach(self, checkpoint: Checkpoint, now: datetime) -> None:
        """A repeated run passes its old checkpoints in silence."""
        if not self.started:
            raise JobNotStarted
        if not self.finished and checkpoint.done > self.done:
            self._checkpoint_reached(checkpoint=checkpoint, timestamp=now)

    @event(CheckpointReached)
    def _checkpoint_reached(self, checkpoint: Checkpoint, timestamp: datetime) -> None:
        self.done = checkpoint.done

    def complete(self, artifact_id: UUID, rows: int, now: datetime) -> None:
        if self.finished:
            return
        if not self.started:
            raise JobNotStarted
        self._completed(artifact_id=artifact_id, rows=rows, timestamp=now)

    @event(Completed)
    def _completed(self, artifact_id: UUID, rows: int, timestamp: datetime) -> None:
        self.done = rows
        self.finished = True

    def fail(self, reason: str, now: datetime) -> None:
        if not self.finished:
            self._failed(reason=reason, timestamp=now)

    @event(Failed)
    def _failed(self, reason: str, timestamp: datetime) -> None:
        self.finished = True


def rows_a_step(total: int) -> int:
    """How many rows are written between two checkpoints, so that a job has no more than a hundred."""
    return max(FEWEST_ROWS, -(-total // MOST_CHECKPOINTS))


def guard_period(query: AttendanceQuery) -> None:
    if query.to_on < query.from_on:
        raise PeriodReversed(pointer="/to")
