"""How full classes are on a day, and how much rooms are used in a week."""

from typing import Any

from infra.testing.school import School


async def occupancy(school: School, on: str) -> dict[str, Any]:
    lines = await school.got("/classes/occupancy", on=on)
    told = ("seats", "enrolled", "reserved", "waiting", "free")
    return {line["title"]: tuple(line[name] for name in told) for line in lines}


async def test_A10_A11_a_class_tells_its_seats_who_is_in_and_who_waits_on_a_day(school: School) -> None:
    class_id = await school.class_("Piano", capacity=2)
    await school.class_("Choir")
    leaving = await school.enrolment(class_id, await school.person("In0"))
    await school.enrolment(class_id, await school.person("In1"), "2026-09-01", "2026-10-01")
    for name in ("W0", "W1"):
        stay = {"person_id": await school.person(name), "begin_on": "2026-09-15"}
        await school.did(f"/classes/{class_id}/waitlist", stay)
    assert await occupancy(school, "2026-09-20") == {"Piano": (2, 2, 0, 2, 0), "Choir": (None, 0, 0, 0, None)}
    assert (await occupancy(school, "2026-09-07"))["Piano"] == (2, 2, 0, 0, 0)
    await school.did(f"/classes/{class_id}/enrolments/{leaving}/withdrawal", {"on": "2026-09-10"})
    await school.it.settle()
    assert (await occupancy(school, "2026-09-20"))["Piano"] == (2, 1, 1, 1, 0)
    assert (await occupancy(school, "2026-10-05"))["Piano"] == (2, 0, 1, 1, 1)


async def test_A21_guests_of_the_fullest_meeting_take_seats_of_the_day(school: School) -> None:
    class_id, tom = await school.class_("Piano", capacity=4), await school.person("Tom")
    meeting = await school.meeting(class_id, "2026-09-21")
    plan = {"dates": ["2026-09-21"], "starts": "19:00", "ends": "20:00"}
    other = (await school.did(f"/classes/{class_id}/meetings", plan))[0]["id"]
    for guest, into in ((tom, meeting), (await school.person("Mia"), meeting), (tom, other)):
        await school.did(f"/meetings/{into}/guests", {"person_id": guest})
    assert (await occupancy(school, "2026-09-21"))["Piano"] == (4, 0, 0, 0, 2)
    assert (await occupancy(school, "2026-09-22"))["Piano"] == (4, 0, 0, 0, 4)
    await school.enrolment(class_id, tom)
    assert (await occupancy(school, "2026-09-21"))["Piano"] == (4, 1, 0, 0, 2)


async def test_A10_occupancy_is_paged_and_leaves_out_closed_classes(school: School) -> None:
    ids = [await school.class_(title) for title in ("A", "B", "C")]
    await school.did(f"/classes/{ids[1]}/closure")
    page = (await school.get("/classes/occupancy", {"limit": 1})).json()
    rest = await school.got("/classes/occupancy", cursor=page["meta"]["pagination"]["next"])
    assert [line["title"] for line in page["data"] + rest] == ["A", "C"]


async def test_A5_a_room_tells_how_much_it_is_used_in_a_week(school: School) -> None:
    class_id = await school.class_()
    used, idle = [(await school.did("/rooms", {"name": name, "capacity": 8}))["id"] for name in ("R1", "R2")]
    days = ("2026-09-07", "2026-09-13", "2026-09-08", "2026-09-14")
    meetings = [await school.meeting(class_id, day) for day in days]
    for meeting_id in meetings:
        await school.did(f"/meetings/{meeting_id}/room", {"room_id": used})
    await school.did(f"/meetings/{meetings[2]}/cancellation", {"reason": "room"})
    lines = {line["id"]: line for line in await school.got("/rooms/use", on="2026-09-09")}
    assert [lines[used][name] for name in ("monday", "meetings", "minutes")] == ["2026-09-07", 2, 180]
    assert [lines[idle][name] for name in ("meetings", "minutes")] == [0, 0]


async def test_S1_occupancy_of_another_school_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    await other.class_("Piano", capacity=2)
    await other.did("/rooms", {"name": "R1", "capacity": 8})
    assert await occupancy(school, "2026-09-20") == {}
    assert await school.got("/rooms/use") == []
