"""CSV for people (RFC 4180): text that no spreadsheet takes for a formula or splits at a comma."""

import re
from collections.abc import Iterable
from datetime import date

BLANKS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff]*")
TRIGGERS = frozenset("=+-@\t\r\n\0＝＋－＠")  # noqa: RUF001 - the full-width forms are meant


def line(cells: Iterable[str | int | date | bool]) -> bytes:
    return (",".join(cell(value) for value in cells) + "\r\n").encode()


def cell(value: str | int | date | bool) -> str:
    """Text is quoted and guarded; numbers and days are typed by us and stand as they are."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, str):
        return '"' + guarded(value).replace('"', '""') + '"'
    return str(value)


def guarded(text: str) -> str:
    """A leading apostrophe where the first character, also after blanks, could start a formula."""
    blank = BLANKS.match(text)
    start = blank.end() if blank else 0
    return f"'{text}" if TRIGGERS.intersection(text[: start + 1]) else text
