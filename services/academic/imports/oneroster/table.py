"""Rows of one CSV file under its header: which columns are there, which are missing, misspelt or unknown."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches

from academic.imports.findings import Findings
from academic.imports.oneroster.cells import Row
from academic.imports.oneroster.csvfile import Line


@dataclass(frozen=True, slots=True)
class Columns:
    """What the standard says about one file. `required` columns must be in the header; `unread` ones are
    known and their cells are never looked at (passwords above all)."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()

    @property
    def known(self) -> tuple[str, ...]:
        return ("sourcedId", "status", "dateLastModified", *self.required, *self.optional, *self.unread)


@dataclass(slots=True)
class Table:
    """A file while it is read: `rows` counts what was there, `refused` what could not be taken."""

    name: str
    columns: Columns
    delta: bool
    findings: Findings
    rows: int = 0
    refused: int = 0
    seen: set[str] = field(default_factory=set)

    def read(self, lines: Iterator[Line]) -> Iterator[Row]:
        header = next(lines, None)
        if header is None or header.broken:
            self._file_error("header", "", "The file has no header that can be read.")
        places = self._places(header.cells) if header is not None and not header.broken else None
        for line in lines:
            self.rows += 1
            row = self._row(line, places, len(header.cells) if header else 0)
            if row is None:
                self.refused += 1
            elif row.sourced_id in self.seen:
                row.error("sourcedId", "duplicate-id", "This sourcedId stands on an earlier row of the file.")
                self.refused += 1
            else:
                self.seen.add(row.sourced_id)
                yield row

    def _row(self, line: Line, places: dict[str, int] | None, width: int) -> Row | None:
        if line.broken or places is None:
            return None
        cells = line.cells
        row = Row(self.name, line.number, {}, self.delta, self.findings)
        named = max(places.values()) + 1
        if len(cells) < named or any(cells[width:]):
            row.error("", "field-count", f"The row has {len(cells)} fields, the header names {named}.")
            return None
        row.cells.update(
            (column, cells[place]) for column, place in places.items() if column not in self.columns.unread
        )
        row.identify()
        return None if row.refused else row

    def _places(self, header: tuple[str, ...]) -> dict[str, int] | None:
        """Where each known column stands; None when rows cannot be read under this header."""
        known = {column.lower(): column for column in self.columns.known}
        places: dict[str, int] = {}
        errors = self.findings.errors
        for place, title in enumerate(header):
            column = known.get(title.lower())
            if column in places:
                self._file_error("duplicate-column", column or "", "The header names this column twice.")
            elif column is not None:
                places[column] = place
            else:
                self._strange(place + 1, title)
        for column in ("sourcedId", *self.columns.required):
            if column not in places:
                self._file_error("missing-column", column, "The header lacks a required column.")
        return places if self.findings.errors == errors else None

    def _strange(self, number: int, title: str) -> None:
        """The header's words are not repeated: a file without header has people's data there."""
        near = get_close_matches(title, self.columns.known, n=1, cutoff=0.8)
        if not title:
            self._file_warning("empty-column", "", f"Column {number} has no name and is ignored.")
        elif near:
            text = f"Column {number} looks like a misspelt {near[0]} and is ignored."
            self._file_warning("misspelt-column", near[0], text)
        else:
            self._file_warning("unknown-column", "", f"Column {number} is not in the standard and is ignored.")

    def _file_error(self, code: str, column: str, message: str) -> None:
        self.findings.error(self.name, 1, column, code, message)

    def _file_warning(self, code: str, column: str, message: str) -> None:
        self.findings.warn(self.name, 1, column, code, message)
