"""A OneRoster file over HTTP becomes a school; the report says what became of every row."""

import gzip
from typing import Any

import pytest
from httpx2 import Response

from academic.source_ids import person_id
from infra.demo_files import Rows, bundle, manifest, zipped
from infra.testing.school import School

ORG = {"sourcedId": "o1", "name": "North", "type": "school"}
TERM = {
    "sourcedId": "t1",
    "title": "Autumn",
    "type": "term",
    "startDate": "2026-09-01",
    "endDate": "2026-12-24",
    "schoolYear": "2026",
}
COURSE = {"sourcedId": "k1", "title": "Piano", "orgSourcedId": "o1"}
CLASS = {
    "sourcedId": "c1",
    "title": "Piano A",
    "courseSourcedId": "k1",
    "classType": "scheduled",
    "schoolSourcedId": "o1",
    "termSourcedIds": "t1",
}
ANA = {
    "sourcedId": "u1",
    "enabledUser": "true",
    "givenName": "Ana",
    "familyName": "Sol",
    "email": "ana@example.org",
    "agentSourcedIds": "u3",
}
TOM = {"sourcedId": "u2", "enabledUser": "true", "givenName": "Tom", "familyName": "Ray"}
EVA = {"sourcedId": "u3", "enabledUser": "true", "givenName": "Eva", "familyName": "Sol"}
ROLES = [
    {"sourcedId": f"r{n}", "userSourcedId": f"u{n}", "roleType": "primary", "role": role, "orgSourcedId": "o1"}
    for n, role in ((1, "student"), (2, "teacher"), (3, "guardian"))
]
LEARNS = {
    "sourcedId": "e1",
    "classSourcedId": "c1",
    "schoolSourcedId": "o1",
    "userSourcedId": "u1",
    "role": "student",
    "beginDate": "2026-09-01",
    "endDate": "2026-12-24",
}
TEACHES = LEARNS | {"sourcedId": "e2", "userSourcedId": "u2", "role": "teacher", "primary": "true"}
STAMP = {"status": "active", "dateLastModified": "2026-10-01T00:00:00Z"}


def files(**other: Rows) -> dict[str, Rows]:
    whole: dict[str, Rows] = {
        "orgs": [ORG],
        "academicSessions": [TERM],
        "courses": [COURSE],
        "classes": [CLASS],
        "users": [ANA, TOM, EVA],
        "roles": ROLES,
        "enrollments": [LEARNS, TEACHES],
    }
    return whole | other


async def post(school: School, content: bytes, *, headers: dict[str, str] | None = None, **params: Any) -> Response:
    headers = headers or school.it.headers(school.tenant_id, school.permissions)
    headers |= {"Content-Type": "application/zip"}
    return await school.it.client.post("/imports", params=params, content=content, headers=headers)


async def imported(school: School, content: bytes, **params: Any) -> dict[str, Any]:
    answer = await post(school, content, **params)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    assert all(each["rows"] == rows_of(each) for each in data["counts"]), data["counts"]
    return data


def rows_of(counts: dict[str, int]) -> int:
    return sum(counts[a] for a in ("created", "revised", "retired", "unchanged", "skipped", "refused"))


def counts(report: dict[str, Any], action: str) -> dict[str, int]:
    return {each["file"].removesuffix(".csv"): each[action] for each in report["counts"] if each[action]}


def codes(report: dict[str, Any]) -> list[tuple[str, int, str]]:
    return [(found["file"], found["line"], found["code"]) for found in report["findings"]]


EVERYTHING = {
    "orgs": 1,
    "academicSessions": 1,
    "courses": 1,
    "classes": 1,
    "users": 3,
    "roles": 3,
    "enrollments": 2,
}


async def test_A25_a_file_becomes_orgs_sessions_courses_classes_people_and_enrolments(school: School) -> None:
    report = await imported(school, bundle(files()))
    assert (report["state"], report["errors"], report["warnings"]) == ("applied", 0, 0)
    assert counts(report, "created") == EVERYTHING
    assert await school.events() == [
        "academic.import_staged",
        "academic.import_validated",
        "academic.org_created",
        "academic.academic_session_opened",
        "academic.course_created",
        "academic.person_registered",
        "academic.guardian_linked",
        "academic.person_registered",
        "academic.person_registered",
        "academic.class_opened",
        "academic.student_enrolled",
        "academic.teacher_assigned",
        "academic.import_applied",
    ]
    people = {person["given_name"]: person for person in await school.got("/people")}
    assert {name: person["roles"] for name, person in people.items()} == {
        "Ana": ["student"],
        "Tom": ["teacher"],
        "Eva": ["guardian"],
    }
    (class_,) = await school.got("/classes")
    lines = await school.got(f"/classes/{class_['id']}/roster", as_of="2026-09-01")
    assert {line["person_id"] for line in lines} == {people["Ana"]["id"], people["Tom"]["id"]}
    assert await school.got(f"/classes/{class_['id']}/roster", as_of="2026-12-24") == []


async def test_A25_a_dry_run_tells_the_same_and_stores_nothing(school: School) -> None:
    before = await school.events()
    answer = await post(school, bundle(files()), dry_run=True)
    report = answer.json()["data"]
    assert (answer.status_code, report["id"], report["state"]) == (200, None, "validated")
    assert counts(report, "created") == EVERYTHING
    assert await school.events() == before


async def test_A25_the_same_file_again_changes_nothing(school: School) -> None:
    await imported(school, bundle(files()))
    before = await school.events()
    report = await imported(school, bundle(files()))
    assert counts(report, "unchanged") == EVERYTHING
    assert (await school.events())[len(before) :] == [
        "academic.import_staged",
        "academic.import_validated",
        "academic.import_applied",
    ]


async def test_A25_changed_rows_change_what_they_name(school: School) -> None:
    await imported(school, bundle(files()))
    before = await school.events()
    changed = files(
        orgs=[ORG | {"name": "South"}],
        academicSessions=[TERM | {"endDate": "2026-12-20"}],
        courses=[COURSE | {"courseCode": "P"}],
        classes=[CLASS | {"location": "Room 1"}],
        users=[ANA | {"familyName": "Luna"}, TOM, EVA],
        enrollments=[LEARNS | {"endDate": "2026-11-01"}, TEACHES],
    )
    report = await imported(school, bundle(changed))
    assert counts(report, "revised") == dict.fromkeys(
        ("orgs", "academicSessions", "courses", "classes", "users", "enrollments"), 1
    )
    assert (await school.events())[len(before) + 2 : -1] == [
        "academic.org_renamed",
        "academic.academic_session_dates_changed",
        "academic.course_revised",
        "academic.person_details_corrected",
        "academic.class_revised",
        "academic.enrollment_dates_changed",
    ]


async def test_A28_a_delta_changes_only_what_it_names(school: School) -> None:
    await imported(school, bundle(files()))
    before = await school.events()
    delta: dict[str, Rows] = {
        "users": [TOM | STAMP | {"sourcedId": "u4", "givenName": "Kim"}],
        "roles": [ROLES[0] | STAMP | {"sourcedId": "r4", "userSourcedId": "u4"}],
        "enrollments": [
            LEARNS | STAMP | {"status": "tobedeleted"},
            LEARNS | STAMP | {"sourcedId": "e3", "userSourcedId": "u4"},
        ],
    }
    report = await imported(school, bundle(delta, mode="delta"))
    assert counts(report, "created") == {"users": 1, "roles": 1, "enrollments": 1}
    assert counts(report, "retired") == {"enrollments": 1}
    assert (await school.events())[len(before) + 2 : -1] == [
        "academic.person_registered",
        "academic.student_withdrawn",
        "academic.student_enrolled",
    ]


async def test_A28_a_delta_of_roles_adds_and_ends_roles(school: School) -> None:
    await imported(school, bundle(files()))
    delta: dict[str, Rows] = {
        "roles": [
            ROLES[1] | STAMP | {"status": "tobedeleted"},
            ROLES[1] | STAMP | {"sourcedId": "r9", "role": "principal"},
        ]
    }
    report = await imported(school, bundle(delta, mode="delta"))
    assert (counts(report, "created"), counts(report, "retired")) == ({"roles": 1}, {"roles": 1})
    roles = {person["given_name"]: person["roles"] for person in await school.got("/people")}
    assert roles["Tom"] == ["principal"]


async def test_A28_what_a_delta_deletes_and_the_school_never_knew_is_skipped(school: School) -> None:
    gone = STAMP | {"status": "tobedeleted"}
    delta: dict[str, Rows] = {
        "orgs": [gone | {"sourcedId": "o7"}],
        "users": [gone | {"sourcedId": "u7"}],
        "enrollments": [gone | {"sourcedId": "e7", "classSourcedId": "c7"}],
        "classes": [],
    }
    report = await imported(school, bundle(delta, mode="delta"))
    assert counts(report, "skipped") == {"orgs": 1, "users": 1, "enrollments": 1}
    assert {code for *_, code in codes(report)} == {"never-known"}


async def test_A25_rows_missing_from_a_bulk_file_stay(school: School) -> None:
    await imported(school, bundle(files()))
    before = await school.events()
    report = await imported(school, bundle(files(users=[TOM], roles=[ROLES[1]], enrollments=[TEACHES])))
    assert counts(report, "missing") == {}
    assert len(await school.events()) == len(before) + 3


async def test_A25_rows_missing_from_a_bulk_file_are_retired_when_the_caller_says_so(school: School) -> None:
    await imported(school, bundle(files()))
    await school.it.settle()
    before = await school.events()
    less = files(users=[TOM, EVA], roles=ROLES[1:], enrollments=[TEACHES])
    report = await imported(school, bundle(less), retire_missing=True)
    assert counts(report, "missing") == {"users": 1, "enrollments": 1}
    assert (await school.events())[len(before) + 2 : -1] == ["academic.person_archived", "academic.student_withdrawn"]
    await school.it.settle()
    assert counts(await imported(school, bundle(less), retire_missing=True), "missing") == {}
    assert counts(await imported(school, bundle(files())), "revised") == {"users": 1, "enrollments": 1}


async def test_A25_a_file_with_errors_retires_nothing(school: School) -> None:
    await imported(school, bundle(files()))
    await school.it.settle()
    less = files(enrollments=[TEACHES, LEARNS | {"sourcedId": "e9", "endDate": "never"}])
    report = await imported(school, bundle(less), retire_missing=True, mode="best-effort")
    assert counts(report, "missing") == {}
    assert ("enrollments.csv", 1, "missing-kept") in codes(report)


async def test_A25_all_or_nothing_applies_nothing_when_a_row_has_an_error(school: School) -> None:
    dirty = files(enrollments=[LEARNS, TEACHES | {"endDate": "2026-08-01"}])
    answer = await post(school, bundle(dirty))
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "import-rejected")
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/enrollments.csv/3/endDate", "dates-reversed")
    ]
    events = ["academic.import_staged", "academic.import_findings_reported", "academic.import_rejected"]
    assert await school.events() == events
    (summary,) = await school.got("/imports")
    assert (summary["state"], summary["errors"]) == ("rejected", 1)


async def test_A25_best_effort_applies_the_good_rows(school: School) -> None:
    dirty = files(enrollments=[LEARNS, TEACHES | {"endDate": "2026-08-01"}])
    report = await imported(school, bundle(dirty), mode="best-effort")
    assert (report["state"], report["errors"]) == ("applied", 1)
    assert counts(report, "refused") == {"enrollments": 1}
    assert counts(report, "created") == EVERYTHING | {"enrollments": 1}


async def test_A25_what_a_class_refuses_is_an_error_of_the_row(school: School) -> None:
    twice = files(enrollments=[LEARNS, LEARNS | {"sourcedId": "e5"}])
    report = (await post(school, bundle(twice), dry_run=True)).json()["data"]
    assert report["state"] == "rejected"
    assert codes(report) == [("enrollments.csv", 3, "already-enrolled")]


async def test_A25_a_reference_into_an_absent_file_makes_a_placeholder(school: School) -> None:
    modes = dict.fromkeys(("orgs", "academicSessions", "classes", "users", "roles", "enrollments"), "bulk")
    without = {file: rows for file, rows in files().items() if file != "courses"}
    report = await imported(school, bundle(without, manifest=manifest(modes)))
    assert counts(report, "placeholders") == {"courses": 1}
    assert codes(report) == [("classes.csv", 2, "placeholder")]
    (course,) = await school.got("/courses")
    assert course["title"] == "k1"
    report = await imported(school, bundle(files()))
    assert counts(report, "revised") == {"courses": 1}


async def test_A25_enrolments_alone_make_placeholders_of_all_they_name(school: School) -> None:
    report = await imported(school, bundle({"enrollments": [LEARNS, TEACHES]}))
    assert counts(report, "placeholders") == {"orgs": 1, "classes": 1, "users": 2}
    assert counts(report, "created") == {"enrollments": 2}
    report = await imported(school, bundle(files()))
    assert counts(report, "created") == {"academicSessions": 1, "courses": 1, "users": 1, "roles": 1}
    assert counts(report, "unchanged") == {"roles": 2, "enrollments": 2}


async def test_A25_unknown_references_are_errors_where_a_row_cannot_stand_without(school: School) -> None:
    dirty = files(
        orgs=[ORG | {"parentSourcedId": "o9"}],
        academicSessions=[TERM | {"parentSourcedId": "t1"}],
        classes=[CLASS | {"termSourcedIds": "t1,t9"}, CLASS | {"sourcedId": "c2", "courseSourcedId": "k9"}],
        users=[ANA | {"agentSourcedIds": "u9,u1", "primaryOrgSourcedId": "o9"}, TOM, EVA],
        enrollments=[LEARNS | {"classSourcedId": "c2"}, TEACHES | {"userSourcedId": "u9"}],
    )
    report = await imported(school, bundle(dirty), mode="best-effort")
    assert [(f["file"], f["line"], f["field"], f["severity"], f["code"]) for f in report["findings"]] == [
        ("orgs.csv", 2, "parentSourcedId", "warning", "unknown-reference"),
        ("academicSessions.csv", 2, "parentSourcedId", "warning", "circle"),
        ("classes.csv", 2, "termSourcedIds", "warning", "unknown-reference"),
        ("classes.csv", 3, "courseSourcedId", "error", "unknown-reference"),
        ("users.csv", 2, "primaryOrgSourcedId", "warning", "unknown-reference"),
        ("users.csv", 2, "agentSourcedIds", "warning", "unknown-reference"),
        ("enrollments.csv", 2, "classSourcedId", "error", "unknown-reference"),
        ("enrollments.csv", 3, "userSourcedId", "error", "unknown-reference"),
        ("users.csv", 2, "agentSourcedIds", "warning", "own-guardian"),
    ]
    assert counts(report, "refused") == {"classes": 1, "enrollments": 2}


async def test_A25_orgs_in_a_circle_are_untied(school: School) -> None:
    ring = [ORG | {"sourcedId": f"o{n}", "parentSourcedId": f"o{(n + 1) % 3}"} for n in range(3)]
    report = await imported(school, bundle({"orgs": ring}))
    assert codes(report) == [("orgs.csv", 4, "circle")]
    assert counts(report, "created") == {"orgs": 3}


async def test_A25_a_class_to_be_deleted_is_retired_and_enrols_nobody(school: School) -> None:
    report = await imported(school, bundle(files(classes=[CLASS | {"status": "tobedeleted"}])))
    assert counts(report, "retired") == {"classes": 1}
    assert counts(report, "skipped") == {"enrollments": 2}
    assert "academic.class_closed" in await school.events()
    report = await imported(school, bundle(files()))
    assert counts(report, "revised") == {"classes": 1}
    assert counts(report, "created") == {"enrollments": 2}


async def test_A25_a_student_listed_as_teacher_is_kept_with_a_warning(school: School) -> None:
    odd = files(enrollments=[LEARNS, LEARNS | {"sourcedId": "e4", "userSourcedId": "u2"}])
    report = await imported(school, bundle(odd))
    assert codes(report) == [("enrollments.csv", 3, "role-differs")]
    assert counts(report, "created")["enrollments"] == 2


async def test_A25_roles_in_a_class_that_are_not_kept_are_named(school: School) -> None:
    report = await imported(school, bundle(files(enrollments=[LEARNS | {"role": "proctor"}])))
    assert codes(report) == [("enrollments.csv", 2, "role-not-kept")]
    assert counts(report, "skipped") == {"enrollments": 1}


async def test_A25_an_id_of_our_own_is_no_id_of_another_system(school: School) -> None:
    own = await school.person()
    report = (await post(school, bundle(files(users=[ANA | {"sourcedId": own}])), dry_run=True)).json()["data"]
    assert ("users.csv", 2, "source-id-taken") in codes(report)


async def test_A25_the_answer_to_a_repeated_request_is_the_same(school: School) -> None:
    content, headers = bundle(files()), school.it.headers(school.tenant_id)
    first = await post(school, content, headers=headers)
    before = await school.events()
    second = await post(school, content, headers=headers)
    assert (second.status_code, second.json()) == (201, first.json())
    assert await school.events() == before
    other = await post(school, bundle(files(orgs=[])), headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_A25_a_rejected_import_is_rejected_again_for_the_same_key(school: School) -> None:
    content, headers = bundle(files(users=[])), school.it.headers(school.tenant_id)
    first = await post(school, content, headers=headers)
    second = await post(school, content, headers=headers)
    assert first.status_code == second.status_code == 422
    assert first.json()["errors"] == second.json()["errors"]
    assert first.json()["detail"] == second.json()["detail"]


async def test_A25_history_and_findings_are_paged(school: School) -> None:
    dirty = files(users=[ANA | {"status": "inactive"}, TOM | {"status": "gone"}, EVA | {"status": "?"}])
    await imported(school, bundle(files()))
    await imported(school, bundle(dirty))
    newest, oldest = await school.got("/imports")
    assert (newest["findings"], oldest["findings"], newest["state"]) == (3, 0, "applied")
    answer = await school.get(f"/imports/{newest['id']}", {"limit": 2})
    first = answer.json()
    cursor = first["meta"]["pagination"]["next"]
    second = (await school.get(f"/imports/{newest['id']}", {"limit": 2, "cursor": cursor})).json()
    rows = first["data"]["rows"] + second["data"]["rows"]
    assert [(row["file"], row["line"], row["field"]) for row in rows] == [("users.csv", n, "status") for n in (2, 3, 4)]
    assert second["meta"]["pagination"]["next"] is None
    path, severities = f"/imports/{newest['id']}", [row["severity"] for row in rows]
    for severity in ("error", "warning"):
        found = await school.got(path, severity=severity)
        assert len(found["rows"]) == severities.count(severity)
    assert (await school.got(path, file="orgs.csv"))["rows"] == []
    assert len((await school.got(path, file="users.csv"))["rows"]) == 3
    assert len(await school.got("/imports", state="applied")) == 2
    assert await school.got("/imports", state="rejected") == []
    page = (await school.get("/imports", {"limit": 1})).json()
    page = (await school.get("/imports", {"limit": 1, "cursor": page["meta"]["pagination"]["next"]})).json()
    assert [each["id"] for each in page["data"]] == [oldest["id"]]


async def test_A25_imports_of_another_school_do_not_exist(academic: Any, school: School) -> None:
    report = await imported(school, bundle(files()))
    other = await School.founded(academic)
    assert (await other.get(f"/imports/{report['id']}")).status_code == 404
    assert await other.got("/imports") == []
    assert counts(await imported(other, bundle(files())), "created") == EVERYTHING


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "archive-unreadable"),
        (gzip.compress(b"not a zip", mtime=0), 422, "archive-unreadable"),
        (zipped({"manifest.csv": manifest({}), "../orgs.csv": b""}), 422, "entry-refused"),
        (zipped({"orgs.csv": b""}), 422, "manifest-missing"),
        (zipped({"manifest.csv": manifest({}, "9.9")}), 422, "version-unknown"),
        (
            zipped({"manifest.csv": manifest({"orgs": "bulk"}), "orgs.csv": b"x" * 3_000_000}),
            422,
            "row-too-long",
        ),
    ],
)
async def test_A25_a_file_that_cannot_be_read_is_a_problem_with_a_pointer(
    school: School, content: bytes, status: int, code: str
) -> None:
    answer = await post(school, content)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await school.events() == []


async def test_A25_an_upload_above_50_mb_is_refused(school: School) -> None:
    answer = await post(school, bytes(50 * 1024 * 1024 + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


async def test_A25_only_a_zip_is_taken_and_only_from_who_may(school: School) -> None:
    answer = await school.post("/imports", {"file": "x"})
    assert (answer.status_code, answer.json()["code"]) == (415, "media-type-unsupported")
    school.permissions = ("imports.read",)
    assert (await post(school, bundle(files()))).status_code == 403


async def test_A25_a_role_missing_from_a_bulk_file_ends_when_the_caller_says_so(school: School) -> None:
    two = [*ROLES, ROLES[1] | {"sourcedId": "r8", "role": "principal"}]
    await imported(school, bundle(files(roles=two)))
    await school.it.settle()
    await imported(school, bundle(files()))
    assert await roles_of(school, "Tom") == ["teacher", "principal"]
    await imported(school, bundle(files()), retire_missing=True)
    assert await roles_of(school, "Tom") == ["teacher"]


async def test_A25_a_person_whose_data_was_erased_stays_erased(school: School) -> None:
    await imported(school, bundle(files()))
    ana = person_id(school.tenant_id, "u1")
    kernel = school.it.kernel
    erased = kernel.keyring.erased(school.tenant_id, ana)
    await kernel.store.save(call=school.it.call(school.tenant_id, key=b"erase"), keys=[erased])
    before = await school.events()
    report = await imported(school, bundle(files(users=[ANA | {"familyName": "Luna"}, TOM, EVA])))
    assert counts(report, "skipped") == {"users": 1, "roles": 1}
    assert {code for *_, code in codes(report)} == {"person-erased"}
    assert "academic.person_details_corrected" not in (await school.events())[len(before) :]


async def roles_of(school: School, given_name: str) -> list[str]:
    people = await school.got("/people")
    return next(person["roles"] for person in people if person["given_name"] == given_name)
