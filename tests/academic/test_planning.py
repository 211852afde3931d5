"""Planning: from the weekly pattern, around days off, never two meetings in one room or with one teacher."""

import asyncio
from typing import Any

import pytest

from infra.testing.school import School

TUESDAY = {"weekday": 2, "starts": "17:00", "ends": "18:00"}
AUTUMN = {"begin_on": "2026-09-01", "end_on": "2026-12-20"}
SEPTEMBER = {"first": "2026-09-01", "last": "2026-09-30"}


async def room(school: School, name: str = "Room 1") -> str:
    return str((await school.did("/rooms", {"name": name, "capacity": 12}))["id"])


async def with_pattern(school: School, title: str = "Piano A", **lesson: Any) -> str:
    class_id = await school.class_(title)
    body = {"lessons": [TUESDAY | lesson], **AUTUMN}
    await school.did(f"/classes/{class_id}/weekly-pattern", body)
    return class_id


async def planned(school: School, class_id: str, **period: Any) -> Any:
    return await school.did(f"/classes/{class_id}/meetings/from-pattern", SEPTEMBER | period)


async def teacher(school: School, class_id: str, person_id: str | None = None) -> str:
    person_id = person_id or await school.person("Tom", "Reed", "teacher")
    stay = {"person_id": person_id, "primary": True, "begin_on": "2026-09-01"}
    await school.did(f"/classes/{class_id}/teachers", stay)
    return person_id


async def test_A4_meetings_come_from_the_weekly_pattern_and_skip_days_off(school: School) -> None:
    class_id = await with_pattern(school)
    await school.did("/calendar/non-teaching-days", {"title": "Fair", "first": "2026-09-14", "last": "2026-09-16"})
    report = await planned(school, class_id)
    assert len(report["planned"]) == 4
    assert report["skipped"] == [{"on": "2026-09-15", "starts": "17:00", "why": "Fair"}]
    lines = await school.got(f"/classes/{class_id}/meetings")
    assert [line["held_on"] for line in lines] == ["2026-09-01", "2026-09-08", "2026-09-22", "2026-09-29"]


async def test_A4_planning_again_adds_only_what_is_missing(school: School) -> None:
    class_id = await with_pattern(school)
    first = await planned(school, class_id)
    await school.did(
        f"/meetings/{first['planned'][0]['id']}/cancellation", {"reason": "teacher", "cancelled_by": "school"}
    )
    again = await planned(school, class_id, last="2026-10-10")
    assert len(again["planned"]) == 1
    assert [each["why"] for each in again["skipped"]] == ["exists"] * 5


async def test_A4_a_meeting_that_was_planned_by_hand_is_not_planned_twice(school: School) -> None:
    class_id = await with_pattern(school)
    await school.did(f"/classes/{class_id}/meetings", {"dates": ["2026-09-08"], "starts": "17:00", "ends": "18:00"})
    report = await planned(school, class_id)
    assert [each["on"] for each in report["skipped"]] == ["2026-09-08"]


async def test_A4_a_day_off_of_an_org_above_counts_and_can_be_taken_back(school: School) -> None:
    branch = (await school.did("/orgs", {"type": "department", "name": "Strings"}))["id"]
    class_id = await school.class_(org_id=branch)
    await school.did(f"/classes/{class_id}/weekly-pattern", {"lessons": [TUESDAY], **AUTUMN})
    await school.did("/calendar/non-teaching-days", {"title": "Fair", "first": "2026-09-08", "last": "2026-09-08"})
    assert len((await planned(school, class_id))["skipped"]) == 1
    assert [day["on"] for day in await school.got("/calendar/non-teaching-days")] == ["2026-09-08"]
    await school.did("/calendar/non-teaching-days/removal", {"on": "2026-09-08"})
    assert len((await planned(school, class_id))["planned"]) == 1
    assert await school.refused("/calendar/non-teaching-days/removal", {"on": "2026-09-08"}) == (409, "day-is-teaching")


async def test_A5_a_room_is_never_taken_twice_however_many_plan_at_once(school: School) -> None:
    room_id = await room(school)
    classes = [await with_pattern(school, f"Class {n}", room_id=room_id) for n in range(4)]
    answers = await asyncio.gather(*[school.post(f"/classes/{id}/meetings/from-pattern", SEPTEMBER) for id in classes])
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    refused = next(answer.json() for answer in answers if answer.status_code == 409)
    assert refused["code"] == "room-taken"
    assert "2026-09-01T17:00" in refused["detail"]
    lines = await school.got(f"/rooms/{room_id}/meetings")
    assert len(lines) == 5


async def test_A5_lessons_that_touch_do_not_clash_and_those_that_overlap_by_five_minutes_do(school: School) -> None:
    room_id = await room(school)
    first = await school.class_("First")
    plan = {"dates": ["2026-09-08"], "starts": "17:00", "ends": "18:00", "room_id": room_id}
    await school.did(f"/classes/{first}/meetings", plan)
    touching, overlapping = await school.class_("Touching"), await school.class_("Overlapping")
    await school.did(f"/classes/{touching}/meetings", plan | {"starts": "18:00", "ends": "19:00"})
    over = plan | {"starts": "16:00", "ends": "17:05"}
    assert await school.refused(f"/classes/{overlapping}/meetings", over) == (409, "room-taken")
    odd = plan | {"starts": "19:03", "ends": "20:00"}
    assert await school.refused(f"/classes/{overlapping}/meetings", odd) == (409, "times-off-grid")


async def test_A5_a_teacher_is_in_one_meeting_at_a_time(school: School) -> None:
    first, second = await with_pattern(school, "First"), await with_pattern(school, "Second")
    tom = await teacher(school, first)
    await teacher(school, second, tom)
    await planned(school, first)
    answer = await school.post(f"/classes/{second}/meetings/from-pattern", SEPTEMBER)
    assert (answer.status_code, answer.json()["code"]) == (409, "teacher-taken")
    assert len(await school.got(f"/people/{tom}/meetings", first="2026-09-20")) == 2


async def test_A5_a_clash_needs_a_right_of_its_own_and_a_reason_that_is_stored(school: School) -> None:
    room_id = await room(school)
    first, second = (
        await with_pattern(school, "First", room_id=room_id),
        await with_pattern(school, "Second", room_id=room_id),
    )
    await planned(school, first)
    body = SEPTEMBER | {"clash_reason": "shared-room"}
    assert await school.refused(f"/classes/{second}/meetings/from-pattern", body) == (403, "forbidden")
    school.permissions = (*school.permissions, "clashes.override")
    assert len((await school.did(f"/classes/{second}/meetings/from-pattern", body))["planned"]) == 5
    stored = await school.it.stored(school.tenant_id, "academic.meeting_planned")
    assert [data["clash_reason"] for data in stored] == [None] * 5 + ["shared-room"] * 5


async def test_A6_A5_a_cancelled_or_moved_meeting_frees_its_room(school: School) -> None:
    room_id = await room(school)
    class_id, other = await school.class_(), await school.class_("Other")
    plan = {"dates": ["2026-09-08", "2026-09-15"], "starts": "17:00", "ends": "18:00", "room_id": room_id}
    cancelled, moved = [line["id"] for line in await school.did(f"/classes/{class_id}/meetings", plan)]
    assert await school.refused(f"/classes/{other}/meetings", plan) == (409, "room-taken")
    await school.did(f"/meetings/{cancelled}/cancellation", {"reason": "teacher", "cancelled_by": "school"})
    half_later = {"held_on": "2026-09-15", "starts": "17:30", "ends": "18:30", "reason": "teacher"}
    await school.did(f"/meetings/{moved}/rescheduling", half_later)
    await school.did(f"/classes/{other}/meetings", plan | {"dates": ["2026-09-08"]})
    early = plan | {"dates": ["2026-09-15"], "starts": "17:00", "ends": "17:30"}
    await school.did(f"/classes/{other}/meetings", early)
    late = plan | {"dates": ["2026-09-15"], "starts": "18:00", "ends": "19:00"}
    assert await school.refused(f"/classes/{other}/meetings", late) == (409, "room-taken")


async def test_A6_a_meeting_moves_to_another_room(school: School) -> None:
    one, two = await room(school, "One"), await room(school, "Two")
    class_id = await school.class_()
    plan = {"dates": ["2026-09-08"], "starts": "17:00", "ends": "18:00", "room_id": one}
    meeting_id = (await school.did(f"/classes/{class_id}/meetings", plan))[0]["id"]
    await school.did(f"/meetings/{meeting_id}/room", {"room_id": two})
    assert [line["id"] for line in await school.got(f"/rooms/{two}/meetings")] == [meeting_id]
    assert await school.got(f"/rooms/{one}/meetings") == []


async def test_A7_a_substitute_teaches_one_meeting_and_is_then_taken(school: School) -> None:
    class_id = await with_pattern(school)
    tom, eva = await teacher(school, class_id), await school.person("Eva", "Lund", "teacher")
    meeting_id = (await planned(school, class_id))["planned"][0]["id"]
    body = {"absent_id": tom, "substitute_id": eva, "reason": "teacher"}
    await school.did(f"/meetings/{meeting_id}/substitution", body)
    assert (await school.got(f"/meetings/{meeting_id}"))["teacher_ids"] == [eva]
    assert len(await school.got(f"/people/{tom}/meetings")) == 4
    other = await school.class_("Other")
    await teacher(school, other, eva)
    plan = {"dates": ["2026-09-01"], "starts": "17:30", "ends": "18:30"}
    assert await school.refused(f"/classes/{other}/meetings", plan) == (409, "teacher-taken")
    assert await school.refused(f"/meetings/{meeting_id}/substitution", body) == (409, "not-teaching")


@pytest.mark.parametrize(("day", "starts"), [("2027-03-28", "02:30"), ("2027-03-28", "02:00")])
async def test_11_an_hour_that_the_clocks_leave_out_is_refused(school: School, day: str, starts: str) -> None:
    class_id = await school.class_()
    plan = {"dates": [day], "starts": starts, "ends": "03:30"}
    assert await school.refused(f"/classes/{class_id}/meetings", plan) == (409, "time-does-not-exist")


async def test_11_a_meeting_keeps_its_local_time_when_the_clocks_change(school: School) -> None:
    class_id = await with_pattern(school)
    await planned(school, class_id, first="2026-10-20", last="2026-10-27")
    lines = await school.got(f"/classes/{class_id}/meetings")
    assert [(line["held_on"], line["starts"]) for line in lines] == [("2026-10-20", "17:00"), ("2026-10-27", "17:00")]


async def test_a_room_has_a_name_of_its_own_in_its_org_and_a_retired_one_is_not_planned_in(school: School) -> None:
    room_id = await room(school)
    assert await school.refused("/rooms", {"name": "ROOM 1"}) == (409, "room-exists")
    await school.did(f"/rooms/{room_id}/capacity", {"capacity": 20})
    await school.did(f"/rooms/{room_id}/retirement")
    assert [(line["capacity"], line["retired"]) for line in await school.got("/rooms")] == [(20, True)]
    plan = {"dates": ["2026-09-08"], "starts": "17:00", "ends": "18:00", "room_id": room_id}
    assert await school.refused(f"/classes/{await school.class_()}/meetings", plan) == (409, "room-is-retired")
    await room(school)


async def test_a_pattern_without_lessons_or_with_two_at_once_is_refused(school: School) -> None:
    class_id = await school.class_()
    assert await school.refused(f"/classes/{class_id}/meetings/from-pattern", SEPTEMBER) == (409, "pattern-missing")
    twice = {"lessons": [TUESDAY, TUESDAY | {"starts": "17:30", "ends": "19:00"}], **AUTUMN}
    assert await school.refused(f"/classes/{class_id}/weekly-pattern", twice) == (409, "pattern-overlaps")
    assert await school.refused(f"/classes/{class_id}/weekly-pattern", {"lessons": [], **AUTUMN}) == (
        422,
        "validation-failed",
    )


async def test_S1_rooms_and_people_of_another_school_are_unknown(school: School) -> None:
    other = await School.founded(school.it)
    foreign = await room(other)
    class_id = await school.class_()
    plan = {"dates": ["2026-09-08"], "starts": "17:00", "ends": "18:00", "room_id": foreign}
    assert await school.refused(f"/classes/{class_id}/meetings", plan) == (404, "not-found")
    await other.did(f"/classes/{await other.class_()}/meetings", plan)
    assert (await school.get(f"/rooms/{foreign}/meetings")).status_code == 404
