"""Timetables as iCalendar files: of a class, a room and a person, with changes, and across the change of clocks."""

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Calendar

from infra.testing.school import School
from shared.ids import uuid7

MADRID = ZoneInfo("Europe/Madrid")
ASKED = {"from": "2026-09-01", "days": 120}


async def calendar(school: School, path: str) -> Calendar:
    answer = await school.get(f"{path}/timetable.ics", ASKED)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/calendar")
    return Calendar.from_ical(answer.content)


async def events(school: School, path: str) -> dict[str, Any]:
    return {str(event["UID"]): event for event in (await calendar(school, path)).walk("VEVENT")}


async def room(school: School) -> str:
    return str((await school.did("/rooms", {"name": "Room 1", "capacity": 8}))["id"])


async def test_A3_a_class_has_its_meetings_in_a_file_that_calendars_read(school: School) -> None:
    class_id = await school.class_()
    meeting_id = await school.meeting(class_id, "2026-09-07")
    await school.did(f"/meetings/{meeting_id}/room", {"room_id": await room(school)})
    event = (await events(school, f"/classes/{class_id}"))[meeting_id]
    assert event["DTSTART"].dt == datetime(2026, 9, 7, 17, tzinfo=MADRID)
    assert event["DTEND"].dt == datetime(2026, 9, 7, 18, 30, tzinfo=MADRID)
    assert (event["SUMMARY"], event["LOCATION"], event["STATUS"]) == ("Piano A", "Room 1", "CONFIRMED")
    assert event["DTSTART"].params["TZID"] == "Europe/Madrid"


async def test_A3_times_stay_local_across_the_change_of_clocks(school: School) -> None:
    class_id = await school.class_()
    before, after = await school.meeting(class_id, "2026-10-23"), await school.meeting(class_id, "2026-10-26")
    file = await calendar(school, f"/classes/{class_id}")
    assert [str(zone["TZID"]) for zone in file.walk("VTIMEZONE")] == ["Europe/Madrid"]
    found = {id: event["DTSTART"].dt for id, event in (await events(school, f"/classes/{class_id}")).items()}
    assert (found[before].hour, found[before].utcoffset()) == (17, timedelta(hours=2))
    assert (found[after].hour, found[after].utcoffset()) == (17, timedelta(hours=1))


async def test_A6_who_subscribed_sees_that_a_meeting_moved_and_was_called_off(school: School) -> None:
    class_id = await school.class_()
    meeting_id = await school.meeting(class_id, "2026-09-07")
    planned = (await events(school, f"/classes/{class_id}"))[meeting_id]
    later = {"held_on": "2026-09-08", "starts": "18:00", "ends": "19:00", "reason": "room"}
    await school.did(f"/meetings/{meeting_id}/rescheduling", later)
    moved = (await events(school, f"/classes/{class_id}"))[meeting_id]
    await school.did(f"/meetings/{meeting_id}/cancellation", {"reason": "teacher"})
    cancelled = (await events(school, f"/classes/{class_id}"))[meeting_id]
    assert moved["DTSTART"].dt == datetime(2026, 9, 8, 18, tzinfo=MADRID)
    assert [each["STATUS"] for each in (planned, moved, cancelled)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert planned["SEQUENCE"] < moved["SEQUENCE"] < cancelled["SEQUENCE"]


async def test_A3_A7_a_person_has_what_they_teach_and_what_they_are_enrolled_in_on_the_day(school: School) -> None:
    class_id, tia = await school.class_(), await school.person("Tia", role="teacher")
    await school.did(f"/classes/{class_id}/teachers", {"person_id": tia, "begin_on": "2026-09-01"})
    ann, sub = await school.person(), await school.person("Sub", role="teacher")
    await school.enrolment(class_id, ann, "2026-09-01", "2026-09-14")
    first, second = await school.meeting(class_id, "2026-09-07"), await school.meeting(class_id, "2026-09-14")
    await school.did(f"/meetings/{second}/substitution", {"absent_id": tia, "substitute_id": sub, "reason": "teacher"})
    assert (await events(school, f"/people/{ann}")).keys() == {first}
    assert (await events(school, f"/people/{tia}")).keys() == {first}
    assert (await events(school, f"/people/{sub}")).keys() == {second}


async def test_A5_a_room_has_its_meetings_and_no_name_of_anybody_is_told(school: School) -> None:
    class_id, room_id = await school.class_(), await room(school)
    await school.enrolment(class_id, await school.person("Annabella", "Quixote"))
    meeting_id, _ = await school.meeting(class_id, "2026-09-07"), await school.meeting(class_id, "2026-09-08")
    await school.did(f"/meetings/{meeting_id}/room", {"room_id": room_id})
    assert (await events(school, f"/rooms/{room_id}")).keys() == {meeting_id}
    text = (await school.get(f"/rooms/{room_id}/timetable.ics", ASKED)).text
    assert "Annabella" not in text
    assert "Quixote" not in text


async def test_A24_a_timetable_of_another_school_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    class_id, room_id, ann = await other.class_(), await room(other), await other.person()
    for path in (f"/classes/{class_id}", f"/rooms/{room_id}", f"/people/{ann}", f"/classes/{uuid7()}"):
        answer = await school.get(f"{path}/timetable.ics", ASKED)
        assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
