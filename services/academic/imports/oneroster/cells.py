"""One row and the ways to read its cells; what is wrong becomes a finding and the reading goes on."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from academic.imports.findings import Findings

Status = Literal["active", "tobedeleted"]

LONGEST = 255
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}.*)?")
_YEAR = re.compile(r"(19|20)\d{2}")


@dataclass(slots=True)
class Row:
    file: str
    line: int
    cells: dict[str, str]
    delta: bool
    findings: Findings
    refused: bool = False
    sourced_id: str = ""
    status: Status = "active"

    def error(self, name: str, code: str, message: str) -> None:
        self.refused = True
        self.findings.error(self.file, self.line, name, code, message)

    def warn(self, name: str, code: str, message: str) -> None:
        self.findings.warn(self.file, self.line, name, code, message)

    def identify(self) -> None:
        """The three columns that every row has."""
        self.sourced_id = self.always("sourcedId")
        self._read_status()
        changed = self.text("dateLastModified")
        if changed:
            self._read_changed(changed)
        elif self.delta:
            self.warn("dateLastModified", "value-missing", "A delta row should say when it was last modified.")

    def text(self, name: str) -> str:
        value = self.cells.get(name, "")
        if len(value) > LONGEST:
            self.error(name, "too-long", f"The value is longer than {LONGEST} characters.")
        return value[:LONGEST]

    def required(self, name: str) -> str:
        """A row that only says *to be deleted* needs nothing but its id."""
        value = self.text(name)
        if not value and self.status == "active":
            self.error(name, "value-missing", "A required value is missing.")
        return value

    def always(self, name: str) -> str:
        """A value without which even a row *to be deleted* says nothing."""
        value = self.text(name)
        if not value:
            self.error(name, "value-missing", "A required value is missing.")
        return value

    def choice(self, name: str, allowed: Collection[str], *, required: bool = True) -> str:
        """A word of the standard's list. A wrong case is put right, an unknown word kept; both warn."""
        value = self.required(name) if required else self.text(name)
        if not value or value in allowed or value.startswith("ext:"):
            return value
        for word in allowed:
            if word.lower() == value.lower():
                self.warn(name, "wrong-case", f"The standard writes {word}.")
                return word
        self.warn(name, "unknown-value", "The value is not in the standard's list.")
        return value

    def flag(self, name: str) -> bool:
        value = self.text(name).lower()
        if value not in ("", "true", "false"):
            self.warn(name, "unknown-value", "The value should be true or false; it is read as false.")
        return value == "true"

    def listed(self, name: str, *, required: bool = False) -> tuple[str, ...]:
        value = self.cells.get(name, "")
        words = tuple(dict.fromkeys(word for part in value.split(",") if (word := part.strip())))
        if any(len(word) > LONGEST for word in words):
            self.error(name, "too-long", f"A value is longer than {LONGEST} characters.")
        if required and not words and self.status == "active":
            self.error(name, "value-missing", "A required value is missing.")
        return words

    def day(self, name: str, *, required: bool = False) -> date | None:
        value = self.required(name) if required else self.text(name)
        if not value:
            return None
        try:
            if _DAY.fullmatch(value):
                return date.fromisoformat(value)
        except ValueError:
            pass
        self.error(name, "not-a-date", "The value is not a date written as YYYY-MM-DD.")
        return None

    def year(self, name: str) -> str:
        value = self.text(name)
        if not value or _YEAR.fullmatch(value):
            return value
        self.warn(name, "not-a-year", "The value is not a year written as YYYY; it is ignored.")
        return ""

    def _read_status(self) -> None:
        value = self.text("status").lower()
        if not value and self.delta:
            self.error("status", "value-missing", "A row of a delta file must say its status.")
        elif value == "tobedeleted":
            self.status = "tobedeleted"
        elif value not in ("", "active"):
            self.warn("status", "unknown-value", "The status is neither active nor tobedeleted; kept as active.")

    def _read_changed(self, value: str) -> None:
        try:
            if _INSTANT.fullmatch(value):
                datetime.fromisoformat(value)
                return
        except ValueError:
            pass
        self.warn("dateLastModified", "not-a-date", "The value is not an ISO 8601 date; it is not used.")
