"""OneRoster's rostering service as a consumer reads it."""

from typing import Any

import pytest
from httpx2 import Response

from academic.main import app
from academic.oneroster.documents import BASE
from academic.oneroster.endpoints import ENDPOINTS, path_of
from infra.demo_files import bundle
from infra.readme_tables import names, tables
from infra.testing.school import School
from shared.access import operations
from shared.ids import uuid7
from tests.academic.test_import_routes import ANA, LEARNS, TEACHES, TOM, files, imported


async def get(school: School, path: str, **params: Any) -> Response:
    return await school.get(BASE + path, params)


async def read(school: School, path: str, **params: Any) -> Any:
    answer = await get(school, path, **params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def ids(school: School, path: str, **params: Any) -> list[str]:
    (rows,) = (await read(school, path, **params)).values()
    return [row["sourcedId"] for row in rows]


@pytest.fixture
async def filled(school: School) -> School:
    await imported(school, bundle(files()))
    return school


def test_A27_the_readme_names_the_endpoints_that_are_answered() -> None:
    told = {names(row["operation"])[0]: (names(row["URL"])[0], names(row["who may"])[0]) for row in ROWS}
    assert told == {each.name: (f"GET {path_of(each)}", each.permission) for each in ENDPOINTS}
    known = {
        (operation.route.path, operation.access.permission)
        for operation in operations(app.routes)
        if operation.route.path.startswith("/ims/")
    }
    assert known == {(path_of(each), each.permission) for each in ENDPOINTS}


ROWS = tables("academic")["OneRoster"]


async def test_A27_every_endpoint_answers_what_the_school_has(filled: School) -> None:
    root = (await read(filled, "/orgs", filter="name='Academy'"))["orgs"][0]["sourcedId"]
    assert set(await ids(filled, "/orgs")) == {root, "o1"}
    assert set(await ids(filled, "/schools")) == {root, "o1"}
    for path in ("/academicSessions", "/terms", "/schools/o1/terms"):
        assert await ids(filled, path) == ["t1"]
    for path in ("/gradingPeriods", "/terms/t1/gradingPeriods"):
        assert await ids(filled, path) == []
    for path in ("/courses", "/schools/o1/courses"):
        assert await ids(filled, path) == ["k1"]
    for path in ("/classes", "/schools/o1/classes", "/terms/t1/classes", "/courses/k1/classes"):
        assert await ids(filled, path) == ["c1"]
    for path in ("/students/u1/classes", "/teachers/u2/classes", "/users/u1/classes"):
        assert await ids(filled, path) == ["c1"]
    assert await ids(filled, "/users") == ["u1", "u2", "u3"]
    for path in ("/students", "/schools/o1/students", "/classes/c1/students", "/schools/o1/classes/c1/students"):
        assert await ids(filled, path) == ["u1"]
    for path in ("/teachers", "/schools/o1/teachers", "/classes/c1/teachers", "/schools/o1/classes/c1/teachers"):
        assert await ids(filled, path) == ["u2"]
    for path in ("/enrollments", "/schools/o1/enrollments", "/schools/o1/classes/c1/enrollments"):
        assert await ids(filled, path) == ["e1", "e2"]


async def test_A27_documents_speak_the_words_of_the_standard(filled: School) -> None:
    user = (await read(filled, "/users/u1"))["user"]
    assert len(user.pop("dateLastModified")) == 24
    org = {"href": f"/api/academic{BASE}/orgs/o1", "sourcedId": "o1", "type": "org"}
    assert user == {
        "sourcedId": "u1",
        "status": "active",
        "enabledUser": "true",
        "givenName": "Ana",
        "familyName": "Sol",
        "email": "ana@example.org",
        "roles": [{"roleType": "primary", "role": "student", "org": org}],
        "agents": [{"href": f"/api/academic{BASE}/users/u3", "sourcedId": "u3", "type": "user"}],
        "primaryOrg": org,
    }
    enrollment = (await read(filled, "/enrollments/e2"))["enrollment"]
    assert (enrollment["role"], enrollment["primary"]) == ("teacher", "true")
    assert (enrollment["beginDate"], enrollment["endDate"]) == ("2026-09-01", "2026-12-24")
    assert {name: enrollment[name]["sourcedId"] for name in ("user", "class", "school")} == {
        "user": "u2",
        "class": "c1",
        "school": "o1",
    }
    class_ = (await read(filled, "/classes/c1"))["class"]
    assert [term["sourcedId"] for term in class_["terms"]] == ["t1"]
    assert class_["course"]["sourcedId"] == "k1"


async def test_A27_the_last_change_is_the_time_of_the_event_in_utc_with_milliseconds(filled: School) -> None:
    before = (await read(filled, "/enrollments/e1"))["enrollment"]["dateLastModified"]
    assert len(before) == 24
    assert before.endswith("Z")
    await imported(filled, bundle(files(enrollments=[LEARNS | {"endDate": "2026-11-01"}, TEACHES])))
    changed = (await read(filled, "/enrollments", filter=f"dateLastModified>'{before}'"))["enrollments"]
    assert [row["sourcedId"] for row in changed] == ["e1"]
    assert changed[0]["dateLastModified"] > before


async def test_A27_what_is_gone_is_to_be_deleted(filled: School) -> None:
    gone = {"status": "tobedeleted", "dateLastModified": "2026-10-01T00:00:00Z"}
    await imported(filled, bundle({"users": [TOM | gone], "enrollments": [LEARNS | gone]}, mode="delta"))
    assert await ids(filled, "/users", filter="status='tobedeleted'") == ["u2"]
    assert await ids(filled, "/enrollments", filter="status='tobedeleted'") == ["e1"]
    assert await ids(filled, "/classes/c1/students") == []


@pytest.mark.parametrize(
    ("filter", "found"),
    [
        ("roles.role='student'", ["u1"]),
        ("roles.role~'STUD'", ["u1"]),
        ("roles.role!='student'", ["u2", "u3"]),
        ("familyName='Sol'", ["u1", "u3"]),
        ("familyName~'so' AND roles.role='guardian'", ["u3"]),
        ("familyName='Ray' OR roles.role='guardian'", ["u2", "u3"]),
        ("email!='ana@example.org'", ["u2", "u3"]),
        ("sourcedId>='u2' AND sourcedId<'u3'", ["u2"]),
        ("enabledUser='false'", []),
        ("agents.sourcedId='u3'", ["u1"]),
        ("givenName='O''Hara'", []),
    ],
)
async def test_A27_a_filter_finds_what_it_names(filled: School, filter: str, found: list[str]) -> None:
    assert await ids(filled, "/users", filter=filter) == found


async def test_A27_dates_are_compared_as_dates(filled: School) -> None:
    assert await ids(filled, "/academicSessions", filter="startDate<='2026-09-01' AND endDate>'2026-12-01'") == ["t1"]
    assert await ids(filled, "/enrollments", filter="class.sourcedId='c1' AND role='teacher'") == ["e2"]


@pytest.mark.parametrize(
    ("params", "minor"),
    [
        ({"filter": "familyName"}, "invalid_filter_field"),
        ({"filter": "familyName='a' AND givenName='b' AND email='c'"}, "invalid_filter_field"),
        ({"filter": "shoeSize='44'"}, "invalid_filter_field"),
        ({"filter": "dateLastModified>'yesterday'"}, "invalid_filter_field"),
        ({"filter": "enabledUser>'true'"}, "invalid_filter_field"),
        ({"filter": "familyName='" + "a" * 900}, "invalid_filter_field"),
        ({"sort": "shoeSize"}, "invalid_sort_field"),
        ({"fields": "sourcedId,shoeSize"}, "invalid_selection_field"),
        ({"fields": ""}, "invalid_selection_field"),
    ],
)
async def test_A27_what_cannot_be_asked_is_a_400_in_both_languages(
    filled: School, params: dict[str, str], minor: str
) -> None:
    answer = await get(filled, "/users", **params)
    body = answer.json()
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert body["code"].endswith("-invalid")
    assert (body["imsx_codeMajor"], body["imsx_severity"]) == ("failure", "error")
    (field,) = body["imsx_CodeMinor"]["imsx_codeMinorField"]
    assert field == {"imsx_codeMinorFieldName": "TargetEndSystem", "imsx_codeMinorFieldValue": minor}


async def test_A27_an_unknown_sourced_id_is_a_404_also_of_a_parent(filled: School) -> None:
    for path in ("/users/u9", "/students/u2", "/schools/o9/classes", "/schools/o1/classes/c9/students"):
        answer = await get(filled, path)
        assert answer.status_code == 404, path
        field = answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]
        assert field["imsx_codeMinorFieldValue"] == "unknownobject"


async def test_A27_pages_name_their_neighbours_and_the_total(filled: School) -> None:
    answer = await get(filled, "/users", limit=1, offset=1, sort="familyName", orderBy="desc")
    assert [user["sourcedId"] for user in answer.json()["users"]] == ["u3"]
    assert answer.headers["X-Total-Count"] == "3"
    pairs = (link.split("; ") for link in answer.headers["Link"].split(", "))
    links = {rel: url for url, rel in pairs}
    base = f"</api/academic{BASE}/users?sort=familyName&orderBy=desc&limit=1&offset="
    assert links == {
        'rel="first"': f"{base}0>",
        'rel="prev"': f"{base}0>",
        'rel="next"': f"{base}2>",
        'rel="last"': f"{base}2>",
    }


async def test_A27_fields_choose_what_is_shown(filled: School) -> None:
    users = (await read(filled, "/users", fields="sourcedId,givenName"))["users"]
    assert users[0] == {"sourcedId": "u1", "givenName": "Ana"}


async def test_A27_a_consumer_needs_the_permission_of_what_it_reads(filled: School) -> None:
    filled.permissions = ("school.read",)
    assert (await get(filled, "/orgs")).status_code == 200
    answer = await get(filled, "/users")
    assert answer.status_code == 403
    assert answer.json()["imsx_CodeMinor"]["imsx_codeMinorField"][0]["imsx_codeMinorFieldValue"] == "forbidden"


async def test_A27_another_school_sees_nothing_of_it(filled: School) -> None:
    other = School(filled.it, uuid7())
    assert await ids(other, "/users") == []
    assert (await get(other, "/users/u1")).status_code == 404


async def test_A27_things_made_here_are_named_by_their_own_ids(school: School) -> None:
    class_id, person_id = await school.class_(), await school.person("Bea", "Kim")
    enrolment_id = await school.enrolment(class_id, person_id)
    assert await ids(school, "/classes") == [class_id]
    assert await ids(school, f"/courses/{class_id}/classes") == [class_id]
    assert await ids(school, f"/classes/{class_id}/students") == [person_id]
    assert await ids(school, "/enrollments") == [enrolment_id]
    assert ANA["givenName"] not in str(await read(school, "/users"))
