"""Orgs, academic sessions, courses, people, meetings and codes over HTTP, on a real store."""

from infra.testing.harness import Running
from infra.testing.school import School
from shared.ids import uuid7

TERM = {"title": "Autumn", "type": "term", "start_on": "2026-09-01", "end_on": "2027-01-01"}


async def test_A24_a_registered_school_gets_its_root_org_and_codes(academic: Running) -> None:
    school = await School.founded(academic, zone="Atlantic/Canary")
    assert await academic.events(school.tenant_id) == [
        "academic.org_created",
        "academic.code_set_started",
        *["academic.code_defined"] * 4,
    ]
    (root,) = await school.got("/orgs")
    assert (root["name"], root["type"], root["zone"], root["depth"]) == ("Academy", "school", "Atlantic/Canary", 0)
    codes = await school.got("/attendance-codes")
    assert [(code["code"], code["billable"]) for code in codes] == [
        ("A", True),
        ("E", False),
        ("L", True),
        ("P", True),
    ]


async def test_a_school_that_is_registered_twice_over_kafka_is_prepared_once(academic: Running) -> None:
    tenant_id = uuid7()
    told = {"name": "Academy", "zone": "UTC", "country": "ES", "currency": "EUR", "owner_id": uuid7(), "new": 1}
    record = await academic.feed("auth.tenant_registered", tenant_id, tenant_id, told)
    before = await academic.events(tenant_id)
    await academic.deliver("auth", record)
    assert await academic.events(tenant_id) == before
    assert await academic.parked() == []


async def test_orgs_are_a_tree_that_can_be_moved(school: School) -> None:
    (root,) = await school.got("/orgs")
    north = (await school.did("/orgs", {"name": "North", "type": "school"}))["id"]
    music = (await school.did("/orgs", {"name": "Music"}))["id"]
    await school.did(f"/orgs/{music}/place", {"parent_id": north})
    await school.did(f"/orgs/{music}/name", {"name": "Dance"})
    assert [(org["name"], org["depth"]) for org in await school.got("/orgs")] == [
        ("Academy", 0),
        ("North", 1),
        ("Dance", 2),
    ]
    assert await school.refused(f"/orgs/{north}/place", {"parent_id": music}) == (409, "org-inside-itself")
    assert await school.refused(f"/orgs/{root['id']}/retirement") == (409, "root-org-stays")
    await school.did(f"/orgs/{music}/retirement")
    assert [org["retired"] for org in await school.got("/orgs")] == [False, False, True]
    await school.did(f"/orgs/{music}/restoration")


async def test_A1_R0_7_years_terms_and_grading_periods_are_a_tree(school: School) -> None:
    year = {"title": "2026/27", "type": "schoolYear", "start_on": "2026-09-01", "end_on": "2027-07-01"}
    year_id = (await school.did("/academic-sessions", year))["id"]
    term_id = (await school.did("/academic-sessions", TERM | {"parent_id": year_id}))["id"]
    grading = TERM | {"title": "G1", "type": "gradingPeriod", "end_on": "2026-10-15", "parent_id": term_id}
    await school.did("/academic-sessions", grading)
    await school.did(f"/academic-sessions/{term_id}/dates", {"start_on": "2026-09-07", "end_on": "2026-12-23"})
    await school.did(f"/academic-sessions/{term_id}/closure")
    tree = await school.got("/academic-sessions")
    assert [(node["title"], node["depth"], node["closed"]) for node in tree] == [
        ("2026/27", 0, False),
        ("Autumn", 1, True),
        ("G1", 2, False),
    ]
    assert tree[1]["start_on"] == "2026-09-07"
    await school.did(f"/academic-sessions/{term_id}/reopening")


async def test_A1_a_session_that_ends_before_it_starts_is_refused(school: School) -> None:
    body = TERM | {"end_on": "2026-08-01"}
    assert await school.refused("/academic-sessions", body) == (409, "session-dates-reversed")


async def test_A2_R0_7_the_catalogue_lists_courses_apart_from_classes(school: School) -> None:
    piano = (await school.did("/courses", {"title": "Piano", "course_code": "PIA", "grades": ["1", "2"]}))["id"]
    await school.did("/courses", {"title": "Guitar"})
    await school.class_("Piano A", course_id=piano)
    assert [course["title"] for course in await school.got("/courses")] == ["Guitar", "Piano"]
    await school.did(f"/courses/{piano}/revision", {"title": "Piano I"})
    await school.did(f"/courses/{piano}/retirement")
    line = await school.got(f"/courses/{piano}")
    assert (line["title"], line["course_code"], line["retired"]) == ("Piano I", None, True)
    assert await school.refused("/classes", {"title": "x", "course_id": piano}) == (409, "course-is-retired")
    await school.did(f"/courses/{piano}/restoration")


async def test_people_are_sealed_in_the_store_and_open_in_the_directory(school: School, academic: Running) -> None:
    details = {"given_name": "Zoé", "family_name": "Ångström", "email": "zoe@example.org", "roles": ["student"]}
    person_id = (await school.did("/people", details | {"username": "zoe-login"}))["id"]
    stored = b"".join(record.state for record in await academic.log()).decode()
    for text in ("Zoé", "Ångström", "zoe@example.org", "zoe-login"):
        assert text not in stored
    line = await school.got(f"/people/{person_id}")
    assert {name: line[name] for name in details} == details
    assert line["username"] == "zoe-login"


async def test_a_person_is_corrected_by_one_event_and_the_same_details_by_none(school: School) -> None:
    details = {"given_name": "Ann", "family_name": "Lee", "roles": ["student"]}
    person_id = (await school.did("/people", details))["id"]
    path = f"/people/{person_id}/correction"
    assert (await school.did(path, details))["version"] == 1
    assert (await school.did(path, details | {"family_name": "Li"}))["version"] == 2
    assert (await school.events())[-2:] == ["academic.person_registered", "academic.person_details_corrected"]
    assert (await school.got(f"/people/{person_id}"))["family_name"] == "Li"


async def test_R4_62_people_are_listed_by_role_with_their_guardians(school: School) -> None:
    ann, mother = await school.person("Ann"), await school.person("Mia", role="guardian")
    await school.did(f"/people/{ann}/guardians", {"guardian_id": mother})
    (line,) = await school.got("/people", role="student")
    assert (line["given_name"], line["guardian_ids"]) == ("Ann", [mother])
    await school.did(f"/people/{ann}/guardians/{mother}/removal")
    await school.did(f"/people/{ann}/archiving")
    (line,) = await school.got("/people", role="student")
    assert (line["guardian_ids"], line["archived"]) == ([], True)
    await school.did(f"/people/{ann}/restoration")


async def test_A3_R0_6_meetings_are_planned_on_a_list_of_days_in_the_zone_of_the_school(school: School) -> None:
    class_id = await school.class_()
    plan = {"dates": ["2026-09-14", "2026-09-07"], "starts": "17:00", "ends": "18:30"}
    receipts = await school.did(f"/classes/{class_id}/meetings", plan)
    lines = await school.got(f"/classes/{class_id}/meetings")
    assert [(line["held_on"], line["starts"], line["ends"], line["zone"]) for line in lines] == [
        ("2026-09-07", "17:00", "18:30", "Europe/Madrid"),
        ("2026-09-14", "17:00", "18:30", "Europe/Madrid"),
    ]
    assert {line["id"] for line in lines} == {receipt["id"] for receipt in receipts}
    assert await school.got(f"/meetings/{receipts[1]['id']}") == lines[0]


async def test_A3_a_class_has_one_meeting_at_a_time(school: School) -> None:
    class_id = await school.class_()
    meeting_id = await school.meeting(class_id, "2026-09-07")
    plan = {"dates": ["2026-09-14", "2026-09-07"], "starts": "17:00", "ends": "18:00"}
    assert await school.refused(f"/classes/{class_id}/meetings", plan) == (409, "meeting-exists")
    assert len(await school.got(f"/classes/{class_id}/meetings")) == 1
    await school.did(f"/meetings/{meeting_id}/cancellation", {"reason": "weather"})
    await school.did(f"/classes/{class_id}/meetings", plan)


async def test_A6_a_meeting_is_moved_and_cancelled_with_a_reason(school: School) -> None:
    class_id = await school.class_()
    meeting_id = await school.meeting(class_id)
    moved = {"held_on": "2026-09-08", "starts": "18:00", "ends": "19:00", "reason": "room"}
    await school.did(f"/meetings/{meeting_id}/rescheduling", moved)
    other = await school.meeting(class_id)
    assert await school.refused(f"/meetings/{other}/rescheduling", moved) == (409, "meeting-exists")
    await school.did(f"/meetings/{meeting_id}/cancellation", {"reason": "teacher", "cancelled_by": "school"})
    line = await school.got(f"/meetings/{meeting_id}")
    assert (line["held_on"], line["state"], line["reason"], line["cancelled_by"]) == (
        "2026-09-08",
        "cancelled",
        "teacher",
        "school",
    )
    await school.did(f"/meetings/{other}/rescheduling", moved)


async def test_A13_codes_are_defined_revised_and_retired(school: School) -> None:
    online = {"title": "Online", "present": True, "billable": True, "category": "In Attendance"}
    await school.did("/attendance-codes", online | {"code": "O"})
    other = online | {"code": "O", "title": "Other"}
    assert await school.refused("/attendance-codes", other) == (409, "code-exists")
    await school.did("/attendance-codes/O/revision", online | {"billable": False})
    await school.did("/attendance-codes/O/retirement")
    codes = {code["code"]: code for code in await school.got("/attendance-codes")}
    assert (codes["O"]["code_version"], codes["O"]["billable"], codes["O"]["retired"]) == (2, False, True)
    assert await school.refused("/attendance-codes/X/retirement") == (404, "code-unknown")
