"""Classes, seats and the roster with two clocks over HTTP, on a real store."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.testing.school import School


async def roster(school: School, class_id: str, **clocks: Any) -> list[tuple[str, str]]:
    lines = await school.got(f"/classes/{class_id}/roster", **clocks)
    return [(line["given_name"], line["role"]) for line in lines]


def instant(**ago: int) -> str:
    return (datetime.now(UTC) - timedelta(**ago)).isoformat()


async def test_N1_A31_a_late_entry_shows_on_the_past_day_now_but_not_by_what_was_known_before(school: School) -> None:
    class_id = await school.class_()
    await school.enrolment(class_id, await school.person("Ann"), begin_on="2026-09-01")
    past = "2026-09-10"
    assert await roster(school, class_id, as_of=past, known_at=instant(days=1)) == []
    assert await roster(school, class_id, as_of=past, known_at=instant()) == [("Ann", "student")]
    assert await roster(school, class_id, as_of=past) == [("Ann", "student")]
    assert await roster(school, class_id, as_of="2026-08-31") == []


async def test_N1_what_was_believed_is_asked_by_position_too(school: School) -> None:
    class_id = await school.class_()
    enrolment_id = await school.enrolment(class_id, await school.person("Ann"), begin_on="2026-09-01")
    believed = (await school.get("/summary")).json()["meta"]["position"]
    withdrawal = {"on": "2026-09-05"}
    await school.did(f"/classes/{class_id}/enrolments/{enrolment_id}/withdrawal", withdrawal)
    assert await roster(school, class_id, as_of="2026-09-10") == []
    assert await roster(school, class_id, as_of="2026-09-10", known_at=believed) == [("Ann", "student")]
    assert await roster(school, class_id, as_of="2026-09-04") == [("Ann", "student")]


async def test_N1_a_correction_of_dates_keeps_what_was_believed_before(school: School) -> None:
    class_id = await school.class_()
    enrolment_id = await school.enrolment(class_id, await school.person("Ann"), begin_on="2026-09-01")
    first = (await school.get("/summary")).json()["meta"]["position"]
    dates = f"/classes/{class_id}/enrolments/{enrolment_id}/dates"
    await school.did(dates, {"begin_on": "2026-10-01", "end_on": None})
    second = (await school.get("/summary")).json()["meta"]["position"]
    await school.did(dates, {"begin_on": "2026-09-01", "end_on": None})
    believed = [await roster(school, class_id, as_of="2026-09-10", known_at=at) for at in (first, second, 2**62)]
    assert believed == [[("Ann", "student")], [], [("Ann", "student")]]


async def test_A31_the_roster_of_a_day_is_half_open(school: School) -> None:
    class_id = await school.class_()
    await school.enrolment(class_id, await school.person("Ann"), begin_on="2026-09-01", end_on="2026-10-01")
    seen = {day: await roster(school, class_id, as_of=day) for day in ("2026-09-01", "2026-09-30", "2026-10-01")}
    assert [len(lines) for lines in seen.values()] == [1, 1, 0]


async def test_a_roster_of_an_empty_class_is_empty_and_of_an_unknown_one_is_not_found(school: School) -> None:
    assert await roster(school, await school.class_()) == []
    assert (await school.get(f"/classes/{school.tenant_id}/roster")).status_code == 404


async def test_known_at_must_be_a_position_or_an_instant_with_offset(school: School) -> None:
    class_id = await school.class_()
    for wrong in ("yesterday", "-1", "2026-09-01T10:00:00", str(2**63), "1e3", "2026-09-01"):
        answer = await school.get(f"/classes/{class_id}/roster", {"known_at": wrong})
        assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")


async def test_A9_the_roster_shows_students_and_teachers(school: School) -> None:
    class_id = await school.class_()
    await school.enrolment(class_id, await school.person("Ann"))
    eva = await school.person("Eva", role="teacher")
    await school.did(f"/classes/{class_id}/teachers", {"person_id": eva, "primary": True})
    lines = await school.got(f"/classes/{class_id}/roster", as_of="2026-09-10")
    assert [(line["given_name"], line["role"], line["primary_teacher"]) for line in lines] == [
        ("Eva", "teacher", True),
        ("Ann", "student", False),
    ]


async def test_A9_a_second_primary_teacher_is_refused(school: School) -> None:
    class_id = await school.class_()
    for name in ("Eva", "Tom"):
        body = {"person_id": await school.person(name, role="teacher"), "primary": True, "begin_on": "2026-09-01"}
        if name == "Eva":
            eva = await school.did(f"/classes/{class_id}/teachers", body)
        else:
            assert await school.refused(f"/classes/{class_id}/teachers", body) == (409, "primary-teacher-exists")
            await school.did(f"/classes/{class_id}/teachers/{eva['enrolment_id']}/removal", {"on": "2026-09-02"})
            await school.did(f"/classes/{class_id}/teachers", body | {"begin_on": "2026-09-02"})


async def test_A10_a_full_class_answers_409_and_points_at_the_day(school: School) -> None:
    class_id = await school.class_(capacity=1)
    await school.enrolment(class_id, await school.person("Ann"))
    stay = {"person_id": await school.person("Ben"), "begin_on": "2026-09-15"}
    answer = await school.post(f"/classes/{class_id}/enrolments", stay)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "seats-taken")
    assert "2026-09-15" in problem["detail"]
    assert problem["errors"][0]["pointer"] == "/begin_on"
    await school.did(f"/classes/{class_id}/capacity", {"capacity": 2})
    await school.did(f"/classes/{class_id}/enrolments", stay)
    assert await school.refused(f"/classes/{class_id}/capacity", {"capacity": 1}) == (409, "seats-taken")


async def test_A8_an_enrolment_is_answered_with_its_id_also_when_it_is_repeated(school: School) -> None:
    class_id = await school.class_()
    stay = {"person_id": await school.person(), "begin_on": "2026-09-01"}
    headers = school.it.headers(school.tenant_id)
    path = f"/classes/{class_id}/enrolments"
    first = await school.it.client.post(path, json=stay, headers=headers)
    again = await school.it.client.post(path, json=stay, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    assert (await school.events()).count("academic.student_enrolled") == 1


async def test_R0_6_A2_a_class_is_listed_with_its_counts(school: School) -> None:
    course_id = (await school.did("/courses", {"title": "Piano"}))["id"]
    class_id = await school.class_("Piano A", course_id=course_id, capacity=8, subjects=["Music"])
    await school.enrolment(class_id, await school.person("Ann"), end_on="2026-10-01")
    await school.meeting(class_id)
    (line,) = await school.got("/classes", on="2026-09-10")
    assert line == await school.got(f"/classes/{class_id}", on="2026-09-10")
    assert (line["course_id"], line["capacity"], line["labels"]["subjects"]) == (course_id, 8, ["Music"])
    assert (line["students"], line["meetings_planned"], line["meetings_held"]) == (1, 1, 0)
    assert (await school.got(f"/classes/{class_id}", on="2026-10-01"))["students"] == 0


async def test_R0_6_a_class_is_revised_closed_and_reopened(school: School) -> None:
    class_id = await school.class_()
    await school.did(f"/classes/{class_id}/revision", {"title": "Piano B"})
    await school.did(f"/classes/{class_id}/closure")
    line = await school.got(f"/classes/{class_id}")
    assert (line["title"], line["closed"]) == ("Piano B", True)
    stay = {"person_id": await school.person(), "begin_on": "2026-09-01"}
    assert await school.refused(f"/classes/{class_id}/enrolments", stay) == (409, "class-is-closed")
    await school.did(f"/classes/{class_id}/reopening")
    await school.did(f"/classes/{class_id}/enrolments", stay)


async def test_classes_come_in_pages(school: School) -> None:
    for number in range(5):
        await school.class_(f"Class {number}")
    seen, cursor = [], None
    while True:
        answer = (await school.get("/classes", {"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        seen += [line["title"] for line in answer["data"]]
        cursor = answer["meta"]["pagination"]["next"]
        if cursor is None:
            break
    assert seen == [f"Class {number}" for number in range(5)]


async def test_a_class_of_unknown_things_points_at_them(school: School) -> None:
    unknown = str(school.tenant_id)
    for field, value in (("course_id", unknown), ("org_id", unknown), ("academic_session_ids", [unknown])):
        answer = await school.post("/classes", {"title": "x", field: value})
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
        assert answer.json()["errors"][0]["pointer"].startswith(f"/{field}")


async def test_A10_many_at_once_get_no_more_than_the_seats(school: School) -> None:
    class_id = await school.class_(capacity=3)
    people = [await school.person(f"P{number}") for number in range(8)]
    path = f"/classes/{class_id}/enrolments"
    answers = await asyncio.gather(
        *(school.post(path, {"person_id": person, "begin_on": "2026-09-01"}) for person in people)
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    assert {answer.json().get("code") for answer in answers} == {None, "seats-taken"}
    assert len(await roster(school, class_id, as_of="2026-09-01")) == 3
