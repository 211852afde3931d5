"""Arrival and departure, and registers that are opened again."""

from typing import Any

import pytest

from infra.testing.school import School


async def lesson(school: School) -> tuple[str, str, str]:
    """A meeting from 17:00 to 18:30, and two enrolments."""
    class_id = await school.class_()
    ann = await school.enrolment(class_id, await school.person())
    ben = await school.enrolment(class_id, await school.person("Ben", "Ray"))
    return await school.meeting(class_id), ann, ben


def mark(enrolment_id: str, code: str = "P", **times: str) -> dict[str, Any]:
    return {"enrolment_id": enrolment_id, "code": code, **times}


async def line_of(school: School, meeting_id: str, enrolment_id: str) -> Any:
    sheet = await school.got(f"/meetings/{meeting_id}/register")
    return next(line for line in sheet["lines"] if line["enrolment_id"] == enrolment_id)


async def test_A15_a_late_student_is_marked_with_arrival_departure_and_minutes(school: School) -> None:
    meeting_id, ann, ben = await lesson(school)
    marks = [mark(ann, "L", arrived_at="17:20", left_at="18:00"), mark(ben)]
    await school.did(f"/meetings/{meeting_id}/attendance", {"marks": marks})
    late, full = await line_of(school, meeting_id, ann), await line_of(school, meeting_id, ben)
    assert (late["arrived_at"], late["left_at"], late["minutes"]) == ("17:20", "18:00", 40)
    assert (full["arrived_at"], full["left_at"], full["minutes"]) == (None, None, None)


async def test_A15_times_are_told_to_other_services(school: School) -> None:
    meeting_id, ann, _ = await lesson(school)
    await school.did(f"/meetings/{meeting_id}/attendance", {"marks": [mark(ann, "L", arrived_at="17:20")]})
    (told,) = await school.it.stored(school.tenant_id, "academic.attendance_marked")
    assert (told["minutes"], told["marks"][0]["minutes"]) == (90, 70)


@pytest.mark.parametrize(
    ("code", "times", "pointer"),
    [
        ("L", {"arrived_at": "16:59"}, "/marks/0/arrived_at"),
        ("L", {"left_at": "18:31"}, "/marks/0/left_at"),
        ("L", {"arrived_at": "18:00", "left_at": "17:30"}, "/marks/0/arrived_at"),
        ("L", {"arrived_at": "18:30"}, "/marks/0/arrived_at"),
        ("A", {"arrived_at": "17:20"}, "/marks/0/arrived_at"),
    ],
)
async def test_A15_times_lie_in_the_lesson_of_one_who_was_there(
    school: School, code: str, times: dict[str, str], pointer: str
) -> None:
    meeting_id, ann, _ = await lesson(school)
    answer = await school.post(f"/meetings/{meeting_id}/attendance", {"marks": [mark(ann, code, **times)]})
    assert (answer.status_code, answer.json()["code"]) == (409, "times-outside-lesson")
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_A15_A16_a_time_is_corrected_with_a_reason_and_stays_in_the_history(school: School) -> None:
    meeting_id, ann, _ = await lesson(school)
    first = mark(ann, "L", arrived_at="17:20")
    register_id = (await school.did(f"/meetings/{meeting_id}/attendance", {"marks": [first]}))["id"]
    other = mark(ann, "L", arrived_at="17:05")
    assert await school.refused(f"/meetings/{meeting_id}/attendance", {"marks": [other]}) == (409, "already-marked")
    await school.did(f"/registers/{register_id}/corrections", other | {"reason": "The clock was wrong"})
    assert (await line_of(school, meeting_id, ann))["minutes"] == 85
    steps = await school.got(f"/registers/{register_id}/marks/{ann}/history")
    assert [step["arrived_at"] for step in steps] == ["17:20", "17:05"]


async def test_A17_a_closed_register_is_opened_again_by_who_may_correct(school: School) -> None:
    meeting_id, ann, ben = await lesson(school)
    marks = {"marks": [mark(ann), mark(ben)]}
    register_id = (await school.did(f"/meetings/{meeting_id}/attendance", marks))["id"]
    await school.did(f"/registers/{register_id}/closure")
    eve = await school.enrolment((await school.got(f"/meetings/{meeting_id}"))["class_id"], await school.person("Eve"))
    late = {"marks": [mark(eve)]}
    assert await school.refused(f"/meetings/{meeting_id}/attendance", late) == (409, "register-is-closed")
    school.permissions = tuple(name for name in school.permissions if name != "attendance.correct")
    reopening = {"reason": "late-marks"}
    assert await school.refused(f"/registers/{register_id}/reopening", reopening) == (403, "forbidden")
    school.permissions = (*school.permissions, "attendance.correct")
    await school.did(f"/registers/{register_id}/reopening", reopening)
    await school.did(f"/meetings/{meeting_id}/attendance", late)
    assert (await school.got(f"/meetings/{meeting_id}/register"))["register_state"] == "open"
