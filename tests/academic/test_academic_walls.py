"""What no client gets past: another school's ids, missing rights, input that is not what it should be."""

import re
from typing import Any

import pytest

from academic.main import app
from infra.testing.harness import PERMISSIONS, Running
from infra.testing.school import School
from shared.access import operations
from shared.ids import uuid7

BODIES: dict[str, Any] = {
    "/orgs/{org_id}/name": {"name": "x"},
    "/orgs/{org_id}/place": {"parent_id": "{own_org}"},
    "/academic-sessions/{session_id}/dates": {"start_on": "2026-09-01", "end_on": "2026-10-01"},
    "/academic-sessions/{session_id}/rollover": {"into_id": "{own_session}"},
    "/courses/{course_id}/revision": {"title": "x"},
    "/retention/leavers/{person_id}/hold": {"until": "2090-01-01", "why": "other"},
    "/people/{person_id}/user-account": {"user_id": "{own_person}"},
    "/absence-notices/{notice_id}/rejection": {"answer": "x"},
    "/classes/{class_id}/meetings/from-pattern": {"first": "2026-09-01", "last": "2026-09-02"},
    "/classes/{class_id}/waitlist": {"person_id": "{own_person}", "begin_on": None},
    "/classes/{class_id}/weekly-pattern": {
        "lessons": [{"weekday": 1, "starts": "17:00", "ends": "18:00"}],
        "begin_on": "2026-09-01",
        "end_on": "2026-10-01",
    },
    "/meetings/{meeting_id}/room": {"room_id": None},
    "/meetings/{meeting_id}/substitution": {"substitute_id": "{own_person}", "reason": "teacher"},
    "/registers/{register_id}/reopening": {"reason": "other"},
    "/meetings/{meeting_id}/own-signature": {"code": "x"},
    "/meetings/{meeting_id}/check-in": {"code": "x"},
    "/meetings/{meeting_id}/signatures": {"method": "drawn", "enrolment_id": "{own_person}", "image": "x"},
    "/classes/{class_id}/check-in-policy": {},
    "/rooms/{room_id}/capacity": {"capacity": 1},
    "/people/{person_id}/correction": {"given_name": "x", "family_name": "y", "roles": ["student"]},
    "/people/{person_id}/absence-alerts/acceptance": {"language": "es"},
    "/people/{person_id}/notes": {"kind": "other", "text": "x"},
    "/people/{person_id}/notes/{note_id}/revision": {"kind": "other", "text": "x"},
    "/classes/{class_id}/funding": {
        "funder": "x",
        "action_number": "1",
        "group_number": "1",
        "planned_hours": 1,
    },
    "/people/{person_id}/guardians": {"guardian_id": "{own_person}"},
    "/classes/{class_id}/revision": {"title": "x"},
    "/classes/{class_id}/capacity": {"capacity": 1},
    "/classes/{class_id}/enrolments": {"person_id": "{own_person}", "begin_on": "2026-09-01"},
    "/classes/{class_id}/enrolments/{enrolment_id}/dates": {"begin_on": "2026-09-01", "end_on": None},
    "/classes/{class_id}/enrolments/{enrolment_id}/withdrawal": {"on": "2026-09-01"},
    "/classes/{class_id}/teachers": {"person_id": "{own_person}"},
    "/classes/{class_id}/teachers/{enrolment_id}/removal": {"on": "2026-09-01"},
    "/classes/{class_id}/meetings": {"dates": ["2026-09-07"], "starts": "17:00", "ends": "18:00"},
    "/meetings/{meeting_id}/rescheduling": {
        "held_on": "2026-09-08",
        "starts": "17:00",
        "ends": "18:00",
        "reason": "room",
    },
    "/meetings/{meeting_id}/cancellation": {"reason": "room"},
    "/meetings/{meeting_id}/guests": {"person_id": "{own_person}"},
    "/make-up-credits/{credit_id}/booking": {"meeting_id": "{own_meeting}"},
    "/meetings/{meeting_id}/attendance": {"marks": [{"enrolment_id": "{own_person}", "code": "P"}]},
    "/registers/{register_id}/corrections": {"enrolment_id": "{own_person}", "code": "P", "reason": "x"},
}
WITH_IDS = sorted(
    (method, operation.route.path, operation.access.permission or "")
    for operation in operations(app.routes)
    for method in operation.route.methods or ()
    if re.search(r"{\w+_id}", operation.route.path) and not operation.route.path.startswith("/imports")
)


async def things(school: School) -> dict[str, str]:
    """One of everything that has an id."""
    class_id = await school.class_()
    person_id = await school.person()
    enrolment_id = await school.enrolment(class_id, person_id)
    meeting_id = await school.meeting(class_id)
    mark = {"marks": [{"enrolment_id": enrolment_id, "code": "P"}]}
    guest = {"person_id": await school.person("Tom")}
    credit = {"person_id": person_id, "class_id": class_id, "why": "goodwill"}
    notice = {"person_id": person_id, "first": "2026-09-01", "last": "2026-09-01"}
    session = {"title": "T", "start_on": "2026-09-01", "end_on": "2026-10-01"}
    return {
        "correlation_id": (await school.post("/orgs", {"name": "Dance"})).headers["correlation-id"],
        "org_id": (await school.did("/orgs", {"name": "Music"}))["id"],
        "session_id": (await school.did("/academic-sessions", session))["id"],
        "course_id": (await school.did("/courses", {"title": "Piano"}))["id"],
        "person_id": person_id,
        "note_id": (await school.did(f"/people/{person_id}/notes", {"kind": "other", "text": "x"}))["note_id"],
        "guardian_id": person_id,
        "class_id": class_id,
        "enrolment_id": enrolment_id,
        "meeting_id": meeting_id,
        "place_id": (await school.did(f"/meetings/{meeting_id}/guests", guest))["place_id"],
        "credit_id": (await school.did("/make-up-credits", credit))["id"],
        "register_id": (await school.did(f"/meetings/{meeting_id}/attendance", mark))["id"],
        "room_id": (await school.did("/rooms", {"name": "Room 1"}))["id"],
        "notice_id": (await school.did("/absence-notices", notice))["id"],
    }


def filled(body: Any, own: dict[str, str]) -> Any:
    if isinstance(body, str):
        return (
            body.replace("{own_org}", own["org_id"])
            .replace("{own_person}", own["person_id"])
            .replace("{own_session}", own["session_id"])
            .replace("{own_meeting}", own["meeting_id"])
        )
    if isinstance(body, dict):
        return {name: filled(value, own) for name, value in body.items()}
    return [filled(each, own) for each in body] if isinstance(body, list) else body


async def test_A24_a_foreign_id_and_an_unknown_id_answer_the_same_404(academic: Running) -> None:
    mine, theirs = await School.founded(academic), await School.founded(academic)
    own, foreign = await things(mine), await things(theirs)
    before = await theirs.events()
    unknown = {name: str(uuid7()) for name in foreign}
    for method, path, _ in WITH_IDS:
        seen = []
        for ids in (foreign, unknown):
            target, body = path.format(**ids), filled(BODIES.get(path), own)
            answer = await (mine.get(target) if method == "GET" else mine.post(target, body))
            problem = answer.json()
            problem.pop("trace_id")
            seen.append((answer.status_code, problem))
        assert seen[0] == seen[1], (method, path)
        assert seen[0][0] == 404, (method, path, seen[0])
        assert seen[0][1]["code"] == "not-found", (method, path, seen[0])
    assert await theirs.events() == before


async def test_A24_ids_of_another_school_in_a_body_are_unknown(academic: Running) -> None:
    mine, theirs = await School.founded(academic), await School.founded(academic)
    own, foreign = await things(mine), await things(theirs)
    stay = {"person_id": foreign["person_id"], "begin_on": "2026-09-01"}
    for path, body in (
        ("/orgs", {"name": "x", "parent_id": foreign["org_id"]}),
        (f"/orgs/{own['org_id']}/place", {"parent_id": foreign["org_id"]}),
        (
            "/academic-sessions",
            {"title": "x", "start_on": "2026-09-01", "end_on": "2026-10-01"} | {"parent_id": foreign["session_id"]},
        ),
        ("/courses", {"title": "x", "org_id": foreign["org_id"]}),
        ("/courses", {"title": "x", "school_year_id": foreign["session_id"]}),
        ("/classes", {"title": "x", "course_id": foreign["course_id"]}),
        ("/people", {"given_name": "x", "family_name": "y", "roles": ["aide"], "org_ids": [foreign["org_id"]]}),
        (f"/people/{own['person_id']}/guardians", {"guardian_id": foreign["person_id"]}),
        (f"/classes/{own['class_id']}/enrolments", stay),
        (f"/classes/{own['class_id']}/teachers", stay),
        (f"/meetings/{own['meeting_id']}/guests", {"person_id": foreign["person_id"]}),
        (f"/make-up-credits/{own['credit_id']}/booking", {"meeting_id": foreign["meeting_id"]}),
        ("/make-up-credits", {"person_id": foreign["person_id"], "class_id": own["class_id"], "why": "goodwill"}),
        ("/make-up-credits", {"person_id": own["person_id"], "class_id": foreign["class_id"], "why": "goodwill"}),
    ):
        assert await mine.refused(path, body) == (404, "not-found"), path


async def test_every_route_needs_its_permission(school: School) -> None:
    ids = {name: str(uuid7()) for name in await things(school)}
    for method, path, permission in WITH_IDS:
        school.permissions = tuple(each for each in PERMISSIONS if each != permission)
        target = path.format(**ids)
        answer = await (school.get(target) if method == "GET" else school.post(target, {}))
        assert (answer.status_code, answer.json()["code"]) == (403, "forbidden"), (method, path)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/people", {"given_name": "", "family_name": "Lee", "roles": ["student"]}),
        ("/people", {"given_name": "A\x00", "family_name": "Lee", "roles": ["student"]}),
        ("/people", {"given_name": "Ann", "family_name": "Lee", "roles": []}),
        ("/people", {"given_name": "Ann", "family_name": "Lee", "roles": ["student"], "email": "nobody"}),
        ("/people", {"given_name": "Ann", "family_name": "Lee", "roles": ["student"], "password": "x"}),
        ("/people", {"given_name": 7, "family_name": "Lee", "roles": ["student"]}),
        ("/people", ["Ann"]),
        ("/people", "Ann"),
        ("/people", None),
        ("/people", {"given_name": "Ann", "family_name": "Lee", "roles": ["wizard"]}),
        ("/classes", {"title": "x" * 201}),
        ("/classes", {"title": "x", "class_type": "Scheduled"}),
        ("/classes", {"title": "x", "capacity": -1}),
        ("/classes", {"title": "x", "capacity": 10**30}),
        ("/classes", {"title": "x", "capacity": True}),
        ("/classes", {"title": "x", "course_id": "7"}),
        ("/academic-sessions", {"title": "x", "start_on": "2026-02-30", "end_on": "2026-10-01"}),
        ("/academic-sessions", {"title": "x", "start_on": 0, "end_on": "2026-10-01"}),
        ("/academic-sessions", {"title": "x", "start_on": "0001-01-01", "end_on": "9999-12-31"}),
        ("/orgs", {"name": "x", "zone": "../../etc/passwd"}),
        ("/orgs", {"name": "x", "zone": "Mars/Olympus"}),
        ("/attendance-codes", {"code": "p", "title": "x", "present": True, "billable": True, "category": "Tardy"}),
        ("/attendance-codes", {"code": "X", "title": "x", "present": "yes", "billable": True, "category": "Tardy"}),
        ("/attendance-codes", {"code": "X", "title": "x", "present": True, "billable": True, "category": "?"}),
    ],
)
async def test_bad_input_is_refused_with_a_pointer_and_records_nothing(school: School, path: str, body: Any) -> None:
    answer = await school.post(path, body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"], answer.text
    assert await school.events() == []


async def test_half_a_character_is_refused(school: School) -> None:
    headers = school.it.headers(school.tenant_id, content_type="application/json")
    answer = await school.it.client.post("/classes", content=b'{"title": "\\ud800"}', headers=headers)
    assert answer.status_code in (400, 422)
    assert await school.events() == []


async def test_bad_meetings_are_refused(school: School) -> None:
    path = f"/classes/{await school.class_()}/meetings"
    good = {"dates": ["2026-09-07"], "starts": "17:00", "ends": "18:00"}
    wrongs: tuple[dict[str, Any], ...] = (
        {"dates": []},
        {"dates": ["2026-09-07", "2026-09-07"]},
        {"dates": [f"2026-09-{day:02}" for day in range(1, 31)] * 7},
        {"starts": "25:00"},
        {"starts": "17:00:00"},
        {"zone": "Nowhere"},
    )
    for wrong in wrongs:
        assert (await school.post(path, good | wrong)).status_code == 422, wrong
    assert await school.refused(path, good | {"ends": "16:00"}) == (409, "times-reversed")


async def test_a_path_that_is_no_id_is_refused(school: School) -> None:
    for path in ("/classes/x", "/classes/x/roster", "/people/%00", "/meetings/1/register"):
        assert (await school.get(path)).status_code in (400, 404, 422)


def test_every_route_with_an_id_is_tried() -> None:
    assert len(WITH_IDS) >= 35
    assert {path for method, path, _ in WITH_IDS if method == "POST"} >= set(BODIES)
