"""What became of the rows of each file."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Literal

Action = Literal["created", "revised", "retired", "unchanged", "skipped", "refused", "placeholders", "missing"]


@dataclass(frozen=True)
class FileCounts:
    """`rows` is the sum of created, revised, retired, unchanged, skipped (with a warning) and refused (with an error).

    `placeholders` were made for references into a file that is absent; `missing` were retired because no row names
    them any more, when the caller asked for that."""

    file: str
    rows: int = 0
    created: int = 0
    revised: int = 0
    retired: int = 0
    unchanged: int = 0
    skipped: int = 0
    refused: int = 0
    placeholders: int = 0
    missing: int = 0

    @property
    def changes(self) -> int:
        return self.created + self.revised + self.retired + self.placeholders + self.missing


Counts = tuple[FileCounts, ...]
Tally = dict[str, Counter[str]]
"""Actions per file while an import is decided."""

ACTIONS = tuple(field.name for field in fields(FileCounts))[2:]


def count(tally: Tally, file: str, action: Action) -> None:
    tally.setdefault(file, Counter())[action] += 1


def merged(tallies: Iterable[Mapping[str, Mapping[str, int]]]) -> Tally:
    total: Tally = {}
    for tally in tallies:
        for file, actions in tally.items():
            total.setdefault(file, Counter()).update(actions)
    return total


def counts_of(rows: Mapping[str, int], tally: Mapping[str, Mapping[str, int]]) -> Counts:
    """In the order of `rows`, which holds the number of rows of each file; files with placeholders only come last."""
    files = [*rows, *(file for file in tally if file not in rows)]
    return tuple(
        FileCounts(f"{file}.csv", rows.get(file, 0), **{name: tally.get(file, {}).get(name, 0) for name in ACTIONS})
        for file in files
    )
