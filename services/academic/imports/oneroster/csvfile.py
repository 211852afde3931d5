"""Bytes of one CSV file to numbered rows: encoding, quotes, lengths. Knows nothing of columns."""

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

from academic.imports.findings import Findings
from academic.imports.refusals import RowsTooMany, RowTooLong

MAX_ROW = 64 * 1024
MAX_LINES = 500_000

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_NOT_UTF8 = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Line:
    """One record of a file and the line it starts on. `broken` ones were reported and hold no cells."""

    number: int
    cells: tuple[str, ...]
    broken: bool = False


def read_lines(name: str, chunks: Iterator[bytes], findings: Findings) -> Iterator[Line]:
    """The records of a file in order, the header first. Holds one row at a time."""
    first = next(chunks, b"")
    while len(first) < 64 and (more := next(chunks, b"")):
        first += more
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) or first[:64].count(0) > 8:
        findings.error(name, 1, "", "encoding", "The file is not UTF-8; it looks like UTF-16.")
        for _ in chunks:
            pass
        return
    source = _Records(name, chain((first.removeprefix(codecs.BOM_UTF8),), chunks))
    reader = csv.reader(source, strict=True)
    while True:
        source.start()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            findings.error(name, source.started, "", "quotes", "The quotes of this row do not match.")
            yield Line(source.started, (), broken=True)
            continue
        if any(cells):
            yield _checked(name, source.started, cells, findings)


def _checked(name: str, number: int, cells: list[str], findings: Findings) -> Line:
    text = "".join(cells)
    if _NOT_UTF8.search(text):
        findings.error(name, number, "", "encoding", "The row is not UTF-8.")
        return Line(number, (), broken=True)
    if _CONTROL.search(text):
        findings.error(name, number, "", "control-character", "The row holds a control character.")
        return Line(number, (), broken=True)
    return Line(number, tuple(cell.strip() for cell in cells))


class _Records:
    """Physical lines for the CSV reader; counts lines, bounds records."""

    def __init__(self, name: str, chunks: Iterator[bytes]) -> None:
        self._name = name
        self._lines = self._split(chunks)
        self._number = 0
        self._length = 0
        self.started = 1

    def start(self) -> None:
        self._length = 0
        self.started = self._number + 1

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        if self._number > MAX_LINES:
            raise RowsTooMany(pointer=f"/{self._name}/{self._number}")
        self._length += len(line)
        self._bound(self._length)
        # What is not UTF-8 stays visible as lone surrogates, so that one bad row does not hide the others.
        return line.decode("utf-8", errors="surrogateescape")

    def _split(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        rest = b""
        for piece in chunks:
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line + b"\n"
            self._bound(len(rest))
        if rest:
            yield rest

    def _bound(self, length: int) -> None:
        if length > MAX_ROW:
            raise RowTooLong(pointer=f"/{self._name}/{self.started}")
