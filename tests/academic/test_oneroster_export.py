"""A school leaves as OneRoster files, and comes back from them as it was."""

import io
import zipfile
from datetime import date

import pytest

from infra.demo import demo_school
from infra.demo_files import bundle
from infra.testing.harness import Running
from infra.testing.school import School
from tests.academic.test_import_routes import ANA, EVA, TOM, codes, files, imported
from tests.academic.test_oneroster_samples import FOLDER

SAMPLES = ("oneroster-1.1-sample.zip", "oneroster-1.2-sample.zip")
WHOLE = {"role-differs"}
"""What the import says of our own file: a fact of the school, no fault of the file."""


async def exported(school: School) -> bytes:
    answer = await school.get("/oneroster/export")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    return answer.content


def texts(content: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name).decode() for name in archive.namelist()}


async def test_A26_a_school_leaves_as_files_that_our_import_reads_without_a_finding(academic: Running) -> None:
    school, other = await School.founded(academic), await School.founded(academic)
    await imported(school, bundle(files()))
    content = await exported(school)
    report = await imported(other, content)
    assert codes(report) == []
    assert await exported(other) == content


async def test_A26_the_same_state_gives_the_same_bytes(school: School) -> None:
    await imported(school, bundle(files()))
    assert await exported(school) == await exported(school)


async def test_A26_cells_stand_as_they_are_also_where_a_spreadsheet_would_see_a_formula(school: School) -> None:
    await imported(school, bundle(files(users=[ANA | {"familyName": '=1+1,"x"'}, TOM, EVA])))
    line = texts(await exported(school))["users.csv"].splitlines()[1]
    assert line == 'u1,,,true,,,Ana,"=1+1,""x""",,,ana@example.org,,,u3,,,,,,,,o1,'


async def test_A26_bulk_files_say_neither_status_nor_date_and_hold_what_is_in_use(school: School) -> None:
    await imported(school, bundle(files()))
    gone = {"status": "tobedeleted", "dateLastModified": "2026-10-01T00:00:00Z"}
    await imported(school, bundle({"users": [TOM | gone]}, mode="delta"))
    told = texts(await exported(school))
    assert [line.split(",")[:3] for line in told["users.csv"].splitlines()[1:]] == [["u1", "", ""], ["u3", "", ""]]
    assert [line.split(",")[0] for line in told["enrollments.csv"].splitlines()[1:]] == ["e1"]


async def test_A26_a_school_without_an_import_comes_back_too(academic: Running) -> None:
    school, other = await School.founded(academic), await School.founded(academic)
    org = (await school.did("/orgs", {"name": "North"}))["id"]
    session = {"title": "Autumn", "type": "term", "start_on": "2026-09-01", "end_on": "2026-12-24"}
    term = (await school.did("/academic-sessions", session))["id"]
    class_id = await school.class_(org_id=org, academic_session_ids=[term])
    await school.enrolment(class_id, await school.person("Bea", "Kim"))
    content = await exported(school)
    report = await imported(other, content)
    assert codes(report) == []
    assert await exported(other) == content


async def test_A26_who_may_not_read_all_of_it_gets_no_file(school: School) -> None:
    school.permissions = ("people.read", "school.read")
    assert (await school.get("/oneroster/export")).status_code == 403


async def test_A26_the_demo_school_goes_out_in_and_out_again_unchanged(academic: Running) -> None:
    school, other = await School.founded(academic), await School.founded(academic)
    await imported(school, demo_school("North", date(2026, 9, 1)).content, mode="best-effort")
    content = await exported(school)
    report = await imported(other, content)
    assert {code for _, _, code in codes(report)} <= WHOLE
    assert await exported(other) == content


@pytest.mark.skipif(not FOLDER.is_dir(), reason="the archives are not part of the repository")
@pytest.mark.parametrize("name", SAMPLES)
async def test_A26_a_real_archive_goes_out_in_and_out_again_unchanged(academic: Running, name: str) -> None:
    school, other = await School.founded(academic), await School.founded(academic)
    await imported(school, (FOLDER / name).read_bytes())
    content = await exported(school)
    report = await imported(other, content)
    assert {code for _, _, code in codes(report)} <= WHOLE
    assert texts(await exported(other)) == texts(content)
    assert await exported(other) == content
