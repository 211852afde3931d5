"""The page of OneRoster conformance against the code."""

import inspect
import re

from academic.oneroster import csv_files, pages, routes, status_info
from academic.oneroster.endpoints import ENDPOINTS
from infra.readme_tables import ROOT, names

PAGE = (ROOT / "docs" / "reference" / "oneroster.md").read_text()
ROWS = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.splitlines() if line.startswith("|")]
SHOWN = frozenset().union(*(endpoint.resource.selectable for endpoint in ENDPOINTS))


def test_A27_the_page_names_the_collections_that_are_answered() -> None:
    known = {endpoint.path.split("/")[1] for endpoint in ENDPOINTS}
    told = {name for row in ROWS if row[1] == "yes" for name in re.split(r"[ ,]+", row[0]) if name in known}
    assert told == known
    assert not {"demographics", "resources", "lineItems", "results"} & known


def test_A27_fields_are_shown_unless_the_page_says_that_they_are_not_kept() -> None:
    fields = [row for row in ROWS if len(row) == 2 and names(row[0]) and not row[0].isdigit()]
    kept = {name for row in fields if "kept" not in row[1] for name in names(row[0])}
    lacking = {name for row in fields if "kept" in row[1] for name in names(row[0])}
    assert {"sourcedId", "status", "agents", "primaryOrg"} <= kept <= SHOWN
    assert {"password", "metadata", "userProfiles"} <= lacking
    assert not lacking & SHOWN


def test_A27_the_page_names_the_limits_and_the_codes_of_errors() -> None:
    usual = inspect.signature(routes.Wanted).parameters["limit"].default
    assert f"{usual} rows unless said otherwise, {routes.LONGEST} at most" in PAGE
    assert f"{pages.MOST_OPENED:,} at most" in PAGE
    told = {code for row in ROWS if row[0][0].isdigit() for code in names(row[1])} - {"limit", "offset", "orderBy"}
    assert told == {*status_info.MINORS.values(), *status_info.OWN.values(), "invaliddata"}


def test_A26_the_page_names_the_files_that_are_given_out() -> None:
    told = re.search(r"seven \*bulk\* files \(([^)]*)\)", PAGE)
    assert told
    assert set(re.split(r",\s+", told.group(1))) == set(csv_files.COLUMNS)
