"""An import: one file as it was posted, what was found in it, what became of it. Its id is the correlation id."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from academic.imports.counts import Counts
from academic.imports.findings import Finding
from shared.events import Aggregate, event

Mode = Literal["all-or-nothing", "best-effort"]
State = Literal["staged", "validated", "rejected", "applied"]

PAGE = 500
"""Findings of one event."""


class ImportBatch(Aggregate):
    TOPIC = "academic.import_batch"

    class Created(Aggregate.Created):
        TOPIC = "academic.import_started"  # never stored; the library asks for the name

    class Staged(Created):
        TOPIC = "academic.import_staged"
        sha256: str
        size: int
        version: str
        files: tuple[str, ...]
        mode: str
        retire_missing: bool

    class FindingsReported(Aggregate.Event):
        """A page of findings; `first` is the number of its first one."""

        TOPIC = "academic.import_findings_reported"
        first: int
        findings: tuple[Finding, ...]

    class Validated(Aggregate.Event):
        TOPIC = "academic.import_validated"
        counts: Counts
        errors: int
        warnings: int

    class Rejected(Aggregate.Event):
        """All or nothing was asked for, and there are errors."""

        TOPIC = "academic.import_rejected"
        counts: Counts
        errors: int
        warnings: int

    class Applied(Aggregate.Event):
        """`counts` are what was done; they differ from those of the validation where others were quicker."""

        TOPIC = "academic.import_applied"
        counts: Counts

    @event(Staged)
    def __init__(
        self,
        id: UUID,
        tenant_id: UUID,
        sha256: str,
        size: int,
        version: str,
        files: tuple[str, ...],
        mode: str,
        retire_missing: bool,
        timestamp: datetime,
    ) -> None:
        self.sha256 = sha256
        self.size = size
        self.oneroster = version
        self.files = files
        self.mode = mode
        self.retire_missing = retire_missing
        self.state: State = "staged"
        self.findings: tuple[Finding, ...] = ()
        self.counts: Counts = ()
        self.errors = 0
        self.warnings = 0

    def validate(self, counts: Counts, findings: Sequence[Finding], errors: int, warnings: int, now: datetime) -> None:
        """What the rows come to. Errors reject an import that was to be applied as a whole."""
        if self.state != "staged":
            return
        for first, page in _pages(findings, 0):
            self._findings_reported(first=first, findings=page, timestamp=now)
        if errors and self.mode == "all-or-nothing":
            self._rejected(counts=counts, errors=errors, warnings=warnings, timestamp=now)
        else:
            self._validated(counts=counts, errors=errors, warnings=warnings, timestamp=now)

    def apply(self, counts: Counts, late: Sequence[Finding], now: datetime) -> None:
        """The rows are applied; `late` are refusals that the validation could not know."""
        if self.state != "validated":
            return
        for first, page in _pages(late, len(self.findings)):
            self._findings_reported(first=first, findings=page, timestamp=now)
        self._applied(counts=counts, timestamp=now)

    @event(FindingsReported)
    def _findings_reported(self, first: int, findings: tuple[Finding, ...], timestamp: datetime) -> None:
        self.findings = (*self.findings, *findings)

    @event(Validated)
    def _validated(self, counts: Counts, errors: int, warnings: int, timestamp: datetime) -> None:
        self.state = "validated"
        self.counts, self.errors, self.warnings = counts, errors, warnings

    @event(Rejected)
    def _rejected(self, counts: Counts, errors: int, warnings: int, timestamp: datetime) -> None:
        self.state = "rejected"
        self.counts, self.errors, self.warnings = counts, errors, warnings

    @event(Applied)
    def _applied(self, counts: Counts, timestamp: datetime) -> None:
        self.state = "applied"
        self.counts = counts


def _pages(findings: Sequence[Finding], first: int) -> Iterator[tuple[int, tuple[Finding, ...]]]:
    for start in range(0, len(findings), PAGE):
        yield first + start, tuple(findings[start : start + PAGE])
