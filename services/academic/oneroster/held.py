"""Which rows the files hold: what is in use, and what that names."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from shared.tables import Row

NAMES: Mapping[str, Callable[[Row], dict[str, Iterable[str | None]]]] = {
    "users": lambda row: {"orgs": row["orgs"]},
    "roles": lambda row: {},
    "enrollments": lambda row: {},
    "classes": lambda row: {"courses": [row["course"]], "academicSessions": row["terms"], "orgs": [row["school"]]},
    "courses": lambda row: {"academicSessions": [row["school_year"]], "orgs": [row["org"]]},
}
"""What a row of a file names, by file."""


class Held:
    """`root` is the school's own org: whatever lies directly below it has no parent in the files, so that another
    school puts it below its own. The root itself is held where a row names it otherwise."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.named: dict[str, set[str]] = {"courses": set(), "academicSessions": set(), "orgs": set()}
        self.trees: dict[str, list[Row]] = {"academicSessions": [], "orgs": []}
        self.erased: set[str] = set()
        self._last: Any = None

    def kept(self, file: str, rows: list[Row]) -> list[Row]:
        """These rows without those of erased people, the retired ones, and the older ones of one sourcedId."""
        held = [row for row in rows if self._holds(file, row)]
        for row in held:
            for target, ids in NAMES[file](row).items():
                self.named[target].update(id for id in ids if id is not None)
        return held

    def tree(self, file: str) -> list[Row]:
        """All rows in use or named, and those above them."""
        rows = {row["sourced_id"]: row for row in self.trees[file]}
        if file == "orgs":
            self._cut_root(rows)
        wanted = {id for id, row in rows.items() if id != self.root and row["status"] == "active"}
        wanted |= self.named[file] & rows.keys()
        waiting = list(wanted)
        while waiting:
            above = rows[waiting.pop()]["parent"]
            if above in rows and above not in wanted:
                wanted.add(above)
                waiting.append(above)
        return [row for id, row in rows.items() if id in wanted]

    def _cut_root(self, rows: dict[str, Row]) -> None:
        for id, row in rows.items():
            if row["parent"] == self.root:
                rows[id] = row | {"parent": None}

    def _holds(self, file: str, row: Row) -> bool:
        mark = (file, row["sourced_id"])
        if mark == self._last:
            return False
        self._last = mark
        if file == "users" and row["status"] != "active":
            self.erased.add(row["sourced_id"])
            return False
        if row.get("user_sourced", row["sourced_id"] if file == "roles" else None) in self.erased:
            return False
        return row["status"] == "active" or row["sourced_id"] in self.named.get(file, ())
