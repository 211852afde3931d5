"""Reads the tables of a service's README, for the test that compares them with the code."""

import re
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CODE = re.compile(r"`([^`]+)`")

Row = Mapping[str, str]


def tables(service: str) -> dict[str, list[Row]]:
    """section → rows (column → cell) of the first table in that section."""
    found: dict[str, list[Row]] = {}
    section = ""
    columns: list[str] = []
    for line in (ROOT / "services" / service / "README.md").read_text().splitlines():
        if line.startswith("## "):
            section, columns = line[3:].strip(), []
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not columns:
                columns = cells
            elif set(line) - set("|-: "):
                found.setdefault(section, []).append(dict(zip(columns, cells, strict=True)))
    return found


def names(cell: str) -> list[str]:
    """What stands in backticks."""
    return CODE.findall(cell)
