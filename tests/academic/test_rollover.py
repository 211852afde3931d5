"""The next school year: the same classes without their students."""

from typing import Any

from infra.testing.school import School
from shared.ids import uuid7

LESSON = {"weekday": 2, "starts": "17:00", "ends": "18:00"}


async def session(school: School, year: int) -> str:
    body = {
        "type": "schoolYear",
        "title": f"{year}/{year + 1}",
        "start_on": f"{year}-09-01",
        "end_on": f"{year + 1}-07-01",
    }
    return str((await school.did("/academic-sessions", body))["id"])


async def taught(school: School, session_id: str, title: str = "Piano A") -> tuple[str, str]:
    """A class with seats, a pattern, a teacher and a student; and the teacher."""
    class_id = await school.class_(title, academic_session_ids=[session_id], capacity=8)
    pattern = {"lessons": [LESSON], "begin_on": "2026-09-01", "end_on": "2027-07-01", "every": 2}
    await school.did(f"/classes/{class_id}/weekly-pattern", pattern)
    tom = await school.person("Tom", "Reed", "teacher")
    await school.did(f"/classes/{class_id}/teachers", {"person_id": tom, "primary": True, "begin_on": "2026-09-01"})
    await school.enrolment(class_id, await school.person())
    return class_id, tom


async def rolled(school: School, session_id: str, into_id: str, **more: Any) -> list[str]:
    await school.it.settle()
    receipts = await school.did(f"/academic-sessions/{session_id}/rollover", {"into_id": into_id} | more)
    return [receipt["id"] for receipt in receipts]


async def test_A34_classes_roll_over_with_seats_and_pattern_and_without_students(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    class_id, _ = await taught(school, this)
    (copy,) = await rolled(school, this, following)
    before, after = await school.got(f"/classes/{class_id}"), await school.got(f"/classes/{copy}")
    assert after["academic_session_ids"] == [following]
    assert (after["title"], after["capacity"]) == (before["title"], 8)
    assert await school.got(f"/classes/{copy}/roster") == []
    period = {"first": "2027-09-01", "last": "2027-09-30"}
    planned = await school.did(f"/classes/{copy}/meetings/from-pattern", period)
    assert len(planned["planned"]) == 2
    assert (await school.got(f"/classes/{class_id}"))["academic_session_ids"] == [this]


async def test_A34_teachers_come_along_where_it_is_asked_for(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    _, tom = await taught(school, this)
    (copy,) = await rolled(school, this, following, teachers=True)
    (line,) = await school.got(f"/classes/{copy}/roster", as_of="2027-10-01")
    assert (line["person_id"], line["role"], line["primary_teacher"]) == (tom, "teacher", True)


async def test_A34_to_roll_over_again_adds_only_what_is_missing(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    await taught(school, this, "First")
    assert len(await rolled(school, this, following)) == 1
    assert await rolled(school, this, following) == []
    await taught(school, this, "Second")
    assert len(await rolled(school, this, following)) == 1


async def test_A34_one_id_marks_all_that_a_rollover_did(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    await taught(school, this, "First")
    await taught(school, this, "Second")
    copies = set(await rolled(school, this, following))
    log = [record for record in await school.it.log() if str(record.aggregate_id) in copies]
    assert len(log) == 4
    assert len({record.state.split(b'"correlation_id":"')[1][:36] for record in log}) == 1


async def test_A34_a_class_that_is_not_of_the_session_or_of_another_school_stops_it_all(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    class_id, _ = await taught(school, this)
    other = await School.founded(school.it)
    foreign, _ = await taught(other, await session(other, 2026))
    for wrong in (str(uuid7()), foreign, await school.class_("Without a session")):
        body = {"into_id": following, "class_ids": [class_id, wrong]}
        assert await school.refused(f"/academic-sessions/{this}/rollover", body) == (404, "not-found")
    assert len(await rolled(school, this, following)) == 1


async def test_A34_nothing_rolls_over_into_itself_or_into_what_is_closed(school: School) -> None:
    this, following = await session(school, 2026), await session(school, 2027)
    path = f"/academic-sessions/{this}/rollover"
    assert await school.refused(path, {"into_id": this}) == (409, "same-session")
    await school.did(f"/academic-sessions/{following}/closure")
    assert await school.refused(path, {"into_id": following}) == (409, "session-is-closed")
