"""manifest.csv: which version a bundle speaks; which files are complete, changes only, or absent."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from academic.imports.findings import Findings
from academic.imports.oneroster.csvfile import Line
from academic.imports.oneroster.standard import Version
from academic.imports.oneroster.words import FILES
from academic.imports.refusals import ManifestMissing, VersionUnknown

NAME = "manifest.csv"
Mode = Literal["bulk", "delta", "absent"]


@dataclass(frozen=True, slots=True)
class Manifest:
    version: Version
    modes: dict[str, Mode]

    def mode(self, file: str) -> Mode:
        return self.modes.get(file, "absent")


def read_manifest(lines: Iterator[Line], findings: Findings) -> Manifest:
    header = next(lines, None)
    if header is None or [cell.lower() for cell in header.cells[:2]] != ["propertyname", "value"]:
        raise ManifestMissing(pointer=f"/{NAME}/1")
    version: Version | None = None
    modes: dict[str, Mode] = {}
    for line in lines:
        key, value, *_ = (*line.cells, "", "")
        if key == "oneroster.version":
            version = _version(value, line.number)
        elif key.startswith("file."):
            _read_mode(key.removeprefix("file."), value, line.number, modes, findings)
    if version is None:
        raise VersionUnknown(pointer=f"/{NAME}")
    return Manifest(version, modes)


def _version(value: str, line: int) -> Version:
    match value.split("."):
        case ["1", "1", *_]:
            return "1.1"
        case ["1", "2", *_]:
            return "1.2"
    raise VersionUnknown(pointer=f"/{NAME}/{line}")


def _read_mode(word: str, value: str, line: int, modes: dict[str, Mode], findings: Findings) -> None:
    file = next((known for known in FILES if known.lower() == word.lower()), "")
    mode: Mode
    match value.lower():
        case "bulk" | "delta" | "absent" as mode:
            if mode != value:
                findings.warn(NAME, line, "value", "wrong-case", f"The standard writes {mode}.")
        case "":
            mode = "absent"
            findings.warn(NAME, line, "value", "manifest-value", "The entry has no value; read as absent.")
        case _:
            mode = "absent"
            findings.error(NAME, line, "value", "manifest-value", "The value is not bulk, delta or absent.")
    if not file:
        findings.warn(NAME, line, "propertyName", "unknown-file", "The standard knows no file of this name.")
    elif file in modes:
        findings.error(NAME, line, "propertyName", "duplicate-entry", "The manifest names this file twice.")
    else:
        modes[file] = mode
