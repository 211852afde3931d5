"""The workloads: each has the rows that it prints, and measures them."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from benchmarks import (
    append,
    commands,
    growth,
    live,
    loading,
    logins,
    product,
    queries,
    rebuild,
    recorder,
    relay,
    rolls,
    strangers,
    through,
    visible,
)
from benchmarks.figures import Figure
from benchmarks.run import Run


class Workload(Protocol):
    __name__: str

    @property
    def ROWS(self) -> tuple[str, ...]: ...

    def measure(self, run: Run) -> Iterator[Figure]: ...


WORKLOADS: Sequence[Workload] = (
    append,
    recorder,
    rebuild,
    live,
    relay,
    loading,
    growth,
    commands,
    rolls,
    queries,
    through,
    visible,
    logins,
    strangers,
    product,
)
ROWS = tuple(row for workload in WORKLOADS for row in workload.ROWS)


def chosen(only: str) -> list[Workload]:
    """All, or the one that prints this row, with its other rows."""
    return [workload for workload in WORKLOADS if only in ("", *workload.ROWS)]
