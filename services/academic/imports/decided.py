"""What one block of rows comes to: aggregates with new events, counts, and rows that the school's rules refuse."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from academic.imports.counts import Action, Tally, count
from academic.imports.findings import Finding, Severity
from academic.imports.oneroster.records import Record
from shared.calls import Claim
from shared.errors import DomainError
from shared.events import Aggregate
from shared.members import PersonalKey


@dataclass(slots=True)
class Decided:
    aggregates: list[Aggregate] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    keys: list[PersonalKey] = field(default_factory=list)
    tally: Tally = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def told(self, record: Record, action: Action) -> None:
        """Counts a row. What stands for a reference, or for rows that are gone, is no row (line 0)."""
        if record.line == 0:
            if action == "created":
                self._count(record, "placeholders")
            elif action == "retired":
                self._count(record, "missing")
        else:
            self._count(record, action)

    def skipped(self, record: Record, column: str, code: str, message: str) -> None:
        self._find(record, column, code, message, error=False)
        self.told(record, "skipped")

    def refused(self, record: Record, error: DomainError) -> None:
        self._find(record, "", error.code, error.detail, error=True)
        self.told(record, "refused")

    def keep(self, aggregate: Aggregate, claims: Iterable[Claim] = ()) -> None:
        """Once, as soon as it has something new to save."""
        if aggregate.pending_events and not any(kept is aggregate for kept in self.aggregates):
            self.aggregates.append(aggregate)
            self.claims.extend(claims)

    def _count(self, record: Record, action: Action) -> None:
        count(self.tally, record.file.removesuffix(".csv"), action)

    def _find(self, record: Record, column: str, code: str, message: str, *, error: bool) -> None:
        severity: Severity = "error" if error else "warning"
        self.findings.append(Finding(record.file, record.line, column, severity, code, message))
