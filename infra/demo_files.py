"""OneRoster CSV files and the ZIP around them, written from plain rows."""

import csv
import io
import zipfile
from collections.abc import Iterable, Mapping, Sequence

from academic.oneroster.csv_files import COLUMNS, HEAD

Rows = Iterable[Mapping[str, str]]


def header(file: str) -> tuple[str, ...]:
    return (*HEAD, *COLUMNS[file])


def csv_bytes(columns: Sequence[str], rows: Rows) -> bytes:
    """RFC 4180; a value that a row does not name is empty."""
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def manifest(modes: Mapping[str, str], version: str = "1.2") -> bytes:
    """`modes`: bulk, delta or absent for each file that is not simply absent."""
    entries = {"manifest.version": "1.0", "oneroster.version": version}
    entries |= {f"file.{file}": modes.get(file, "absent") for file in (*COLUMNS, "demographics")}
    entries |= {"source.systemName": "Demo", "source.systemCode": "demo"}
    return csv_bytes(("propertyName", "value"), ({"propertyName": k, "value": v} for k, v in entries.items()))


def bundle(files: Mapping[str, Rows], mode: str = "bulk", **other: bytes) -> bytes:
    """A ZIP of these files and their manifest; `other` adds or replaces whole files by name."""
    contents = {file: csv_bytes(header(file), rows) for file, rows in files.items()}
    contents = {"manifest": manifest(dict.fromkeys(files, mode))} | contents | other
    return zipped({f"{name}.csv": content for name, content in contents.items()})


def zipped(files: Mapping[str, bytes]) -> bytes:
    """The same files give the same bytes: every entry has the same fixed time."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, date_time=(2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return packed.getvalue()
