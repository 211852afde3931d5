"""Two real OneRoster archives with the ordinary dirt of such files. They are not part of the repository."""

from pathlib import Path
from typing import Any

import pytest
from httpx2 import Response

from infra.testing.school import School

FOLDER = Path(__file__).parents[3] / "shared" / "data" / "oneroster"
ACTIONS = ("created", "revised", "retired", "unchanged", "skipped", "refused", "placeholders")

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="the archives are not part of the repository")

ROWS_1_1 = {"orgs": 1, "academicSessions": 5, "classes": 2, "users": 6, "enrollments": 6}
COUNTS_1_1 = {
    "orgs": {"created": 1},
    "academicSessions": {"created": 4, "retired": 1},
    "classes": {"created": 1, "retired": 1},
    "users": {"created": 6},
    "enrollments": {"created": 3, "skipped": 3},
    "courses": {"placeholders": 2},
}
FINDINGS_1_1 = {
    ("academicSessions.csv", 4, "status", "warning", "unknown-value"),
    ("academicSessions.csv", 3, "parentSourcedId", "warning", "unknown-reference"),
    ("academicSessions.csv", 6, "parentSourcedId", "warning", "unknown-reference"),
    ("orgs.csv", 2, "parentSourcedId", "warning", "unknown-reference"),
    ("classes.csv", 2, "classType", "warning", "wrong-case"),
    ("classes.csv", 2, "courseSourcedId", "warning", "placeholder"),
    ("classes.csv", 3, "courseSourcedId", "warning", "placeholder"),
    ("enrollments.csv", 3, "role", "warning", "role-differs"),
    ("enrollments.csv", 5, "classSourcedId", "warning", "refers-to-retired"),
    ("enrollments.csv", 6, "role", "warning", "role-differs"),
    ("enrollments.csv", 6, "classSourcedId", "warning", "refers-to-retired"),
    ("enrollments.csv", 7, "classSourcedId", "warning", "refers-to-retired"),
}
ROWS_1_2 = ROWS_1_1 | {"roles": 7}
COUNTS_1_2 = COUNTS_1_1 | {"roles": {"created": 7}}
FINDINGS_1_2 = FINDINGS_1_1 | {
    *(("manifest.csv", line, "value", "warning", "manifest-value") for line in (21, 22, 23)),
    *(("users.csv", line, "dateLastModified", "warning", "not-a-date") for line in (2, 4, 5, 6, 7)),
    ("users.csv", 1, "preferredGivenName", "warning", "misspelt-column"),
    ("users.csv", 1, "preferredMiddleName", "warning", "misspelt-column"),
    ("users.csv", 1, "preferredFamilyName", "warning", "misspelt-column"),
    ("roles.csv", 1, "dateLastModified", "warning", "misspelt-column"),
    ("roles.csv", 1, "", "warning", "empty-column"),
    ("userProfiles.csv", 1, "", "warning", "file-not-declared"),
}
SAMPLES = [
    ("oneroster-1.1-sample.zip", ROWS_1_1, COUNTS_1_1, FINDINGS_1_1),
    ("oneroster-1.2-sample.zip", ROWS_1_2, COUNTS_1_2, FINDINGS_1_2),
]


async def post(school: School, name: str, **params: Any) -> Response:
    headers = school.it.headers(school.tenant_id) | {"Content-Type": "application/zip"}
    content = (FOLDER / name).read_bytes()
    return await school.it.client.post("/imports", params=params, content=content, headers=headers)


def counted(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    return {
        each["file"].removesuffix(".csv"): {name: each[name] for name in ACTIONS if each[name]}
        for each in report["counts"]
    }


@pytest.mark.parametrize(("name", "rows", "counts", "findings"), SAMPLES)
async def test_A25_a_real_archive_is_imported_and_every_dirty_row_named(
    school: School, name: str, rows: dict[str, int], counts: dict[str, Any], findings: set[Any]
) -> None:
    answer = await post(school, name)
    assert answer.status_code == 201, answer.text
    report = answer.json()["data"]
    assert {each["file"].removesuffix(".csv"): each["rows"] for each in report["counts"] if each["rows"]} == rows
    assert counted(report) == counts
    told = {(f["file"], f["line"], f["field"], f["severity"], f["code"]) for f in report["findings"]}
    assert told == findings
    assert report["errors"] == 0
    assert await school.it.parked() == []


@pytest.mark.parametrize(("name", "rows"), [sample[:2] for sample in SAMPLES])
async def test_A25_a_real_archive_changes_nothing_the_second_time(
    school: School, name: str, rows: dict[str, int]
) -> None:
    await post(school, name)
    before = await school.events()
    report = (await post(school, name)).json()["data"]
    skipped = COUNTS_1_1["enrollments"]["skipped"]
    unchanged = rows | {"enrollments": rows["enrollments"] - skipped}
    assert counted(report) == {file: {"unchanged": number} for file, number in unchanged.items()} | {
        "enrollments": {"unchanged": unchanged["enrollments"], "skipped": skipped}
    }
    new = (await school.events())[len(before) :]
    assert [event for event in new if not event.startswith("academic.import_")] == []


async def test_A25_the_newer_archive_over_the_older_one_brings_only_what_differs(school: School) -> None:
    await post(school, "oneroster-1.1-sample.zip")
    report = (await post(school, "oneroster-1.2-sample.zip")).json()["data"]
    told = counted(report)
    assert told["classes"] == {"unchanged": 2}
    assert told["enrollments"] == {"unchanged": 3, "skipped": 3}
    assert sum(told["users"].values()) == 6
