"""The page that explains the kernel against the kernel, and the how-tos against the tests."""

import re

from infra.readme_tables import ROOT

PAGE = ROOT / "docs" / "explanation" / "kernel.md"
FILE = re.compile(r"`([\w./-]+\.(?:py|sql))`")
LINK = re.compile(r"\]\(([^)#:]+)\)")


def test_every_file_of_the_kernel_is_named_on_its_page() -> None:
    shared = ROOT / "shared"
    files = [path for kind in ("*.py", "*.sql") for path in shared.rglob(kind) if path.name != "__init__.py"]
    named = set(FILE.findall(PAGE.read_text()))
    assert sorted(str(path.relative_to(shared)) for path in files if str(path.relative_to(shared)) not in named) == []


def test_every_file_that_the_page_of_the_kernel_names_exists() -> None:
    text = PAGE.read_text()
    assert [name for name in FILE.findall(text) if not (ROOT / "shared" / name).is_file()] == []
    assert [link for link in LINK.findall(text) if not (PAGE.parent / link).is_file()] == []


def test_what_the_page_of_the_kernel_quotes_stands_in_the_kernel() -> None:
    """Classes, functions, settings and metrics: a name that was changed must be changed on the page, too."""
    code = "\n".join(path.read_text() for kind in ("*.py", "*.sql") for path in (ROOT / "shared").rglob(kind))
    quoted = re.findall(r"`([A-Za-z_]\w*(?:\.\w+)*)(?:\([^`]*\))?`", PAGE.read_text())
    names = {part for name in quoted if not FILE.fullmatch(f"`{name}`") for part in name.split(".")}
    assert sorted(name for name in names if not re.search(rf"\b{name}\b", code)) == []


def test_the_commands_of_every_how_to_are_run_by_a_test() -> None:
    tests = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    pages = [
        path for path in (ROOT / "docs" / "how-to").glob("*.md") if re.search(r"^curl |^```sh", path.read_text(), re.M)
    ]
    assert [page.name for page in pages if f'"{page.name}"' not in tests] == []
