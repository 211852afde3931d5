"""The ZIP of OneRoster's CSV files: the same rows give the same bytes."""

import zipfile
from collections.abc import AsyncIterator
from typing import IO

from academic.oneroster.csv_files import CELLS, csv_rows, header, manifest
from academic.oneroster.snapshot import ORDER
from shared.tables import Row

MADE = (1980, 1, 1, 0, 0, 0)
"""The earliest date that a ZIP can name: an entry has none of its own."""


async def write_archive(target: IO[bytes], snapshot: AsyncIterator[tuple[str, list[Row]]]) -> None:
    """`snapshot` gives the rows of each file together, the files in their order; some may have none."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(_entry("manifest"), manifest())
        waiting = list(ORDER)
        entry: IO[bytes] | None = None
        current = ""
        async for file, rows in snapshot:
            while file != current:
                if entry is not None:
                    entry.close()
                current = waiting.pop(0)
                entry = archive.open(_entry(current), "w")
                entry.write(header(current))
            if entry is not None:
                entry.write(csv_rows(current, [cells for row in rows for cells in CELLS[file](row)]))
        if entry is not None:
            entry.close()


def _entry(file: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{file}.csv", date_time=MADE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry
