"""A whole bundle: the ZIP read once into records, counts and findings. Touches nothing but the file."""

from dataclasses import dataclass, field
from pathlib import Path

from academic.imports.archive import Archive
from academic.imports.csvfile import read_lines
from academic.imports.findings import Findings
from academic.imports.manifest import NAME, Manifest, read_manifest
from academic.imports.records import Record
from academic.imports.refusals import ManifestMissing, RowsTooMany
from academic.imports.standard import FILES, FileKind
from academic.imports.table import Table
from academic.imports.words import FILES as FILE_NAMES

MAX_ROWS = 200_000

ORDER = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments")
"""Nothing refers to what stands behind it, except parents and agents within one file."""


@dataclass(slots=True)
class Tally:
    """What became of the rows of one file; `refused` are those with an error."""

    rows: int = 0
    refused: int = 0


@dataclass(slots=True)
class Bundle:
    manifest: Manifest
    findings: Findings
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    tallies: dict[str, Tally] = field(default_factory=dict)

    def present(self, file: str) -> bool:
        return file in self.records


def read_bundle(path: Path) -> Bundle:
    findings = Findings()
    with Archive(path) as archive:
        names = {name.lower(): name for name in archive.names}
        if NAME not in names:
            raise ManifestMissing(pointer=f"/{NAME}")
        manifest = read_manifest(read_lines(NAME, archive.chunks(names.pop(NAME)), findings), findings)
        bundle = Bundle(manifest, findings)
        for file in ORDER:
            kind = FILES[manifest.version].get(file)
            if kind is not None and manifest.mode(file) != "absent":
                _read_file(bundle, archive, file, kind, names.pop(f"{file.lower()}.csv", None))
        for name in names.values():
            _ignore(manifest, name, findings)
    return bundle


def _read_file(bundle: Bundle, archive: Archive, file: str, kind: FileKind, entry: str | None) -> None:
    name = f"{file}.csv"
    if entry is None:
        text = "The manifest names this file, the ZIP file does not hold it."
        bundle.findings.error(name, 1, "", "file-missing", text)
        return
    table = Table(name, kind.columns, bundle.manifest.mode(file) == "delta", bundle.findings)
    records: dict[str, Record] = {}
    before = sum(tally.rows for tally in bundle.tallies.values())
    for row in table.read(read_lines(name, archive.chunks(entry), bundle.findings)):
        if before + table.rows > MAX_ROWS:
            raise RowsTooMany(pointer=f"/{name}/{row.line}")
        record = kind.record(row)
        if row.refused:
            table.refused += 1
        else:
            records[row.sourced_id] = record
    bundle.records[file] = records
    bundle.tallies[file] = Tally(table.rows, table.refused)


def _ignore(manifest: Manifest, name: str, findings: Findings) -> None:
    """Said once per file, so that nobody believes it was read."""
    file = next((known for known in FILE_NAMES if f"{known}.csv".lower() == name.lower()), "")
    if not file:
        findings.warn(
            "", 0, "", "unknown-file", "The ZIP file holds a file that is not of the standard; ignored."
        )
    elif manifest.mode(file) == "absent":
        text = "The manifest does not declare this file; it is ignored."
        findings.warn(f"{file}.csv", 1, "", "file-not-declared", text)
    else:
        text = "Rollbook does not keep what this file holds; it is ignored."
        findings.warn(f"{file}.csv", 1, "", "file-not-read", text)
