"""A whole bundle: the ZIP read once into records, counts and findings. Touches nothing but the file."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from academic.imports.counts import Tally, count
from academic.imports.findings import Findings
from academic.imports.oneroster.archive import Archive
from academic.imports.oneroster.csvfile import read_lines
from academic.imports.oneroster.manifest import NAME, Manifest, read_manifest
from academic.imports.oneroster.records import Record, RoleRow, UserRow
from academic.imports.oneroster.standard import FILES, FileKind
from academic.imports.oneroster.table import Table
from academic.imports.oneroster.words import FILES as FILE_NAMES
from academic.imports.refusals import ManifestMissing, RowsTooMany

MAX_ROWS = 200_000

ORDER = ("orgs", "academicSessions", "courses", "classes", "users", "roles", "enrollments")
"""Nothing refers to what stands behind it, except parents and agents within one file."""


@dataclass(slots=True)
class Bundle:
    """`records` are the rows that still stand, `rows` how many there were, `tally` what became of those taken out.

    `placeholders` are ids that stand for rows of absent files, each with the first row that refers to it."""

    manifest: Manifest
    findings: Findings
    records: dict[str, dict[str, Record]] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=dict)
    placeholders: dict[str, dict[str, Record]] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)

    @property
    def roles(self) -> dict[str, set[str]]:
        """The roles of the users whose roles this bundle tells."""
        roles: dict[str, set[str]] = {}
        for record in self.records.get("users", {}).values():
            if isinstance(record, UserRow) and record.role:
                roles.setdefault(record.sourced_id, set()).add(record.role)
        for record in self.records.get("roles", {}).values():
            if isinstance(record, RoleRow) and record.status == "active":
                roles.setdefault(record.user, set()).add(record.role)
        return roles

    def complete(self, file: str) -> bool:
        """The file is there and every row of it was understood."""
        return file in self.records and not self.findings.wrong[f"{file}.csv"]

    def warn(self, record: Record, column: str, code: str, message: str) -> None:
        self.findings.warn(record.file, record.line, column, code, message)

    def skip(self, file: str, record: Record, column: str, code: str, message: str) -> None:
        """The row is not applied, and that is no mistake."""
        self.warn(record, column, code, message)
        del self.records[file][record.sourced_id]
        count(self.tally, file, "skipped")

    def refuse(self, file: str, record: Record, column: str, code: str, message: str) -> None:
        self.findings.error(record.file, record.line, column, code, message)
        del self.records[file][record.sourced_id]
        count(self.tally, file, "refused")


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
    before = sum(bundle.rows.values())
    for row in table.read(read_lines(name, archive.chunks(entry), bundle.findings)):
        if before + table.rows > MAX_ROWS:
            raise RowsTooMany(pointer=f"/{name}/{row.line}")
        record = kind.record(row)
        if row.refused:
            table.refused += 1
        else:
            records[row.sourced_id] = record
    bundle.records[file] = records
    bundle.rows[file] = table.rows
    bundle.seen[file] = table.seen
    bundle.tally[file] = Counter(refused=table.refused)


def _ignore(manifest: Manifest, name: str, findings: Findings) -> None:
    """Said once per file, so that nobody believes it was read."""
    file = next((known for known in FILE_NAMES if f"{known}.csv".lower() == name.lower()), "")
    if not file:
        findings.warn("", 0, "", "unknown-file", "The ZIP file holds a file that is not of the standard; ignored.")
    elif manifest.mode(file) == "absent":
        text = "The manifest does not declare this file; it is ignored."
        findings.warn(f"{file}.csv", 1, "", "file-not-declared", text)
    else:
        text = "Rollbook does not keep what this file holds; it is ignored."
        findings.warn(f"{file}.csv", 1, "", "file-not-read", text)
