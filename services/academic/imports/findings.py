"""What an import has to say about a file: where, how bad, why. Never what stood in the cell."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning"]

KEPT = 10_000
"""Findings that are kept one by one; those after them are only counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """An `error` refuses the row (line 1: the file), a `warning` keeps it. Line 0 is the archive as such."""

    file: str
    line: int
    field: str
    severity: Severity
    code: str
    message: str


@dataclass(slots=True)
class Findings:
    """A bounded list with unbounded counts."""

    kept: list[Finding] = field(default_factory=list)
    errors: int = 0
    warnings: int = 0
    wrong: Counter[str] = field(default_factory=Counter)
    """Errors per file."""

    def error(self, file: str, line: int, name: str, code: str, message: str) -> None:
        self.add(Finding(file, line, name, "error", code, message))

    def warn(self, file: str, line: int, name: str, code: str, message: str) -> None:
        self.add(Finding(file, line, name, "warning", code, message))

    @property
    def total(self) -> int:
        return self.errors + self.warnings

    def add(self, finding: Finding) -> None:
        if finding.severity == "error":
            self.errors += 1
            self.wrong[finding.file] += 1
        else:
            self.warnings += 1
        if len(self.kept) < KEPT:
            self.kept.append(finding)
