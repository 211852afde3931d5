"""Rules of the source tree."""

import ast
import re
from pathlib import Path

from infra.coverage_page import PAGE, page
from infra.readme_tables import ROOT

PACKAGES = ("shared", "gateway", "services", "infra")
BANNED = {"utils", "util", "common", "base", "manager", "helpers", "misc"}


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_packages_are_empty_at_the_top_and_nothing_is_re_exported() -> None:
    assert [str(path) for path in sources() if path.name == "__init__.py" and path.read_text().strip()] == []


def test_R2_13_no_file_is_a_drawer_for_odds_and_ends() -> None:
    assert [str(path) for path in sources() if path.stem in BANNED] == []


def test_every_module_says_in_one_line_what_it_is() -> None:
    for path in sources():
        if path.name != "__init__.py":
            text = ast.get_docstring(ast.parse(path.read_text())) or ""
            assert text.strip(), f"{path} has no docstring"


def test_R1_19_nothing_is_left_for_later_in_code_or_pages() -> None:
    later = re.compile("TO" + "DO|FIX" + "ME|X" + "XX")
    pages = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md"), *(ROOT / "services").rglob("README.md")]
    assert [str(path) for path in (*sources(), *pages) if later.search(path.read_text())] == []


def test_the_page_of_what_works_is_true() -> None:
    assert PAGE.read_text() == page(), "run `make coverage-page`"


def test_R1_17_the_readme_names_every_folder_of_the_project() -> None:
    text = (ROOT / "README.md").read_text()
    folders = [path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))]
    assert [name for name in folders if f"`{name}/" not in text] == []
