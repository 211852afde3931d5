"""What is still to be done after lessons, and what was done: open registers and teacher hours."""

from typing import Any

from infra.testing.school import School
from shared.ids import uuid7

MONDAY, TUESDAY = "2026-09-07", "2026-09-08"
AFTER = "2026-09-08T18:31:00+02:00"


async def taught_class(school: School, **more: Any) -> tuple[str, str, list[str]]:
    """A class, its teacher, and two enrolments."""
    class_id, teacher = await school.class_(**more), await school.person("Tia", role="teacher")
    await school.did(f"/classes/{class_id}/teachers", {"person_id": teacher, "begin_on": "2026-09-01"})
    return class_id, teacher, [await school.enrolment(class_id, await school.person(f"S{n}")) for n in range(2)]


async def take(school: School, meeting_id: str, enrolments: list[str], codes: str) -> str:
    marks = [{"enrolment_id": id, "code": code} for id, code in zip(enrolments, codes, strict=False)]
    return str((await school.did(f"/meetings/{meeting_id}/attendance", {"marks": marks}))["id"])


async def still_open(school: School, **asked: Any) -> list[tuple[str, str]]:
    lines = await school.got("/registers/open", **({"over_at": AFTER} | asked))
    return [(line["meeting_id"], line["register_state"]) for line in lines]


async def test_A17_a_lesson_that_is_over_is_open_until_its_register_is_closed(school: School) -> None:
    class_id, _, enrolments = await taught_class(school)
    tuesday, monday = await school.meeting(class_id, TUESDAY), await school.meeting(class_id, MONDAY)
    assert await still_open(school) == [(monday, "not opened"), (tuesday, "not opened")]
    register_id = await take(school, monday, enrolments, "PA")
    assert await still_open(school) == [(monday, "open"), (tuesday, "not opened")]
    await school.did(f"/registers/{register_id}/closure")
    assert await still_open(school) == [(tuesday, "not opened")]
    await school.did(f"/registers/{register_id}/reopening", {"reason": "mistake"})
    assert await still_open(school) == [(monday, "open"), (tuesday, "not opened")]


async def test_A17_a_lesson_is_over_when_its_local_end_has_passed(school: School) -> None:
    class_id, _, _ = await taught_class(school)
    meeting_id = await school.meeting(class_id, MONDAY)
    assert await still_open(school, over_at="2026-09-07T16:29:59+00:00") == []
    assert await still_open(school, over_at="2026-09-07T16:30:00+00:00") == [(meeting_id, "not opened")]
    late = {"held_on": MONDAY, "starts": "18:00", "ends": "19:00", "reason": "room"}
    await school.did(f"/meetings/{meeting_id}/rescheduling", late)
    assert await still_open(school, over_at="2026-09-07T16:30:00+00:00") == []
    await school.did(f"/meetings/{meeting_id}/cancellation", {"reason": "teacher"})
    assert await still_open(school) == []


async def test_A17_A23_open_registers_are_those_of_a_teacher_an_org_or_some_days(school: School) -> None:
    branch = (await school.did("/orgs", {"name": "North"}))["id"]
    below = (await school.did("/orgs", {"name": "Music", "parent_id": branch}))["id"]
    here, tia, _ = await taught_class(school, org_id=below)
    there, _, _ = await taught_class(school)
    first, second = await school.meeting(here, MONDAY), await school.meeting(there, TUESDAY)
    assert await still_open(school) == [(first, "not opened"), (second, "not opened")]
    for asked in ({"teacher_id": tia}, {"org_id": branch}, {"org_id": below}, {"to": MONDAY}):
        assert await still_open(school, **asked) == [(first, "not opened")], asked
    assert await still_open(school, **{"from": TUESDAY}) == [(second, "not opened")]
    page = (await school.get("/registers/open", {"over_at": AFTER, "limit": 1})).json()
    cursor = page["meta"]["pagination"]["next"]
    assert await still_open(school, cursor=cursor) == [(second, "not opened")]


async def hours(school: School, month: str = "2026-09", **asked: Any) -> dict[str, tuple[int, int, int, int]]:
    lines = await school.got("/teacher-hours", month=month, **asked)
    told = ("lessons", "minutes", "lessons_paid", "minutes_paid")
    return {line["person_id"]: tuple(line[name] for name in told) for line in lines}


async def test_A7_A14_minutes_count_for_who_taught_and_are_paid_as_the_code_says(school: School) -> None:
    class_id, tia, enrolments = await taught_class(school)
    sub = await school.person("Sub", role="teacher")
    meetings = [await school.meeting(class_id, f"2026-09-{day}") for day in ("07", "08", "09", "10")]
    await school.did(
        f"/meetings/{meetings[1]}/substitution", {"absent_id": tia, "substitute_id": sub, "reason": "teacher"}
    )
    for meeting_id, codes in zip(meetings, ("PE", "PP", "EE"), strict=False):
        await take(school, meeting_id, enrolments, codes)
    assert await hours(school) == {tia: (2, 180, 1, 90), sub: (1, 90, 1, 90)}
    assert await hours(school, teacher_id=sub) == {sub: (1, 90, 1, 90)}
    assert await hours(school, "2026-10") == {}
    by_code = {
        line["person_id"]: line["minutes_by_code"] for line in await school.got("/teacher-hours", month="2026-09")
    }
    assert by_code == {tia: {"P": 90, "E": 180}, sub: {"P": 90}}
    assert await hours(school, code="E") == {tia: (2, 180, 1, 90)}
    assert await hours(school, code="L") == {}


async def test_A14_a_mark_pays_as_its_code_did_when_it_was_given_and_a_correction_as_it_does_now(
    school: School,
) -> None:
    class_id, tia, (ann, ben) = await taught_class(school)
    first, second = await school.meeting(class_id, MONDAY), await school.meeting(class_id, TUESDAY)
    await take(school, first, [ann], "A")
    unpaid = {
        "title": "Absent",
        "present": False,
        "billable": True,
        "category": "Unexcused Absence",
        "pays_teacher": False,
    }
    await school.did("/attendance-codes/A/revision", unpaid)
    register_id = await take(school, second, [ann, ben], "AP")
    assert await hours(school) == {tia: (2, 180, 2, 180)}
    await school.did(f"/registers/{register_id}/corrections", {"enrolment_id": ben, "code": "E", "reason": "ill"})
    assert await hours(school) == {tia: (2, 180, 1, 90)}
    assert (await school.got("/teacher-hours", month="2026-09"))[0]["minutes_by_code"] == {"A": 180, "E": 90}


async def test_A23_hours_are_told_branch_by_branch(school: School) -> None:
    north = (await school.did("/orgs", {"name": "North"}))["id"]
    tia = await school.person("Tia", role="teacher")
    classes = [await school.class_(), await school.class_(org_id=north)]
    for number, class_id in enumerate(classes):
        await school.did(f"/classes/{class_id}/teachers", {"person_id": tia, "begin_on": "2026-09-01"})
        ann = await school.enrolment(class_id, await school.person())
        await take(school, await school.meeting(class_id, f"2026-09-0{7 + number}"), [ann], "P")
    lines = await school.got("/teacher-hours", month="2026-09")
    assert [(line["person_id"], line["minutes"], line["given_name"]) for line in lines] == [(tia, 90, "Tia")] * 2
    assert north in {line["org_id"] for line in lines}
    (line,) = await school.got("/teacher-hours", month="2026-09", org_id=north)
    assert line["org_id"] == north
    page = (await school.get("/teacher-hours", {"month": "2026-09", "limit": 1})).json()
    rest = await school.got("/teacher-hours", month="2026-09", cursor=page["meta"]["pagination"]["next"])
    assert page["data"] + rest == lines


async def test_S1_another_school_sees_nothing_of_it(school: School) -> None:
    other = await School.founded(school.it)
    class_id, tia, enrolments = await taught_class(other)
    await take(other, await other.meeting(class_id, MONDAY), enrolments, "PP")
    await other.meeting(class_id, TUESDAY)
    assert await still_open(school) == []
    assert await hours(school) == await hours(school, teacher_id=tia) == {}
    assert await still_open(school, org_id=str(uuid7())) == []
    answer = await school.get("/teacher-hours", {"month": "2026-13"})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
