"""Checking in: with the own login and the code that is shown in the room now. What a teacher marks goes before it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from academic.checkins.check_in import AlreadyCheckedIn
from academic.checkins.commands import LessonOver, check_in
from academic.checkins.meeting_codes import (
    MeetingCodeExpired,
    MeetingCodeOfAnother,
    MeetingCodes,
    MeetingCodeUnknown,
    SignatureCodeWrong,
)
from academic.signatures.participants import MeetingNotBegun
from infra.testing.harness import Running
from infra.testing.school import School
from shared.ids import uuid7
from shared.personal import MasterKey
from tests.academic.lessons import LessonNow, lesson_now

MASTER, TENANT, MEETING, ANN = MasterKey(b"m" * 32), uuid7(), uuid7(), uuid7()
NOON = datetime(2026, 9, 7, 12, tzinfo=UTC)
BEGIN = datetime(2026, 9, 7, 17, tzinfo=ZoneInfo("Europe/Madrid"))


@pytest.fixture
async def lesson(academic: Running) -> LessonNow:
    return await lesson_now(academic)


def test_A19_a_shown_code_changes_and_counts_for_a_minute_at_most() -> None:
    codes = MeetingCodes(MASTER, TENANT)
    first, second = codes.shown(MEETING, NOON), codes.shown(MEETING, NOON + timedelta(seconds=30))
    assert (first.until, first.text != second.text) == (NOON + timedelta(seconds=30), True)
    codes.check_shown(MEETING, first.text, NOON + timedelta(seconds=59))
    for late in (60, 3_600, 86_400):
        with pytest.raises(MeetingCodeExpired):
            codes.check_shown(MEETING, first.text, NOON + timedelta(seconds=late))


def test_A19_a_shown_code_is_of_one_meeting_of_one_school_and_cannot_be_made() -> None:
    text = MeetingCodes(MASTER, TENANT).shown(MEETING, NOON).text
    with pytest.raises(MeetingCodeOfAnother):
        MeetingCodes(MASTER, TENANT).check_shown(uuid7(), text, NOON)
    with pytest.raises(MeetingCodeUnknown):
        MeetingCodes(MASTER, uuid7()).check_shown(MEETING, text, NOON)
    swapped = [text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :] for at in range(len(text))]
    for forged in [*swapped, "", "A", text + "A", text[:-1], text + "=", "é" * 54]:
        with pytest.raises(MeetingCodeUnknown):
            MeetingCodes(MASTER, TENANT).check_shown(MEETING, forged, NOON)


def test_A20_a_read_out_code_is_of_one_participant_and_counts_for_ten_minutes_at_most() -> None:
    codes = MeetingCodes(MASTER, TENANT)
    text = codes.read_out(MEETING, ANN, NOON).text
    codes.check_read_out(MEETING, ANN, text.lower(), NOON + timedelta(seconds=599))
    for meeting, who, at in (
        (MEETING, uuid7(), NOON),
        (uuid7(), ANN, NOON),
        (MEETING, ANN, NOON + timedelta(minutes=10)),
    ):
        with pytest.raises(SignatureCodeWrong):
            codes.check_read_out(meeting, who, text, at)


async def test_A19_who_checks_in_is_seen_by_the_teacher_with_what_the_policy_proposes(lesson: LessonNow) -> None:
    path = f"/meetings/{lesson.meeting_id}"
    shown = (await lesson.teacher.got(f"{path}/check-in-code"))["code"]
    await lesson.ann.did(f"{path}/check-in", {"code": shown})
    (line,) = await lesson.teacher.got(f"{path}/check-ins")
    assert (line["given_name"], line["proposed"], 5 <= line["late"] <= 10) == ("Ann", "P", True)
    sheet = await lesson.teacher.got(f"{path}/register")
    assert (sheet["register_state"], [each["code"] for each in sheet["lines"]]) == ("not opened", [None, None])
    await lesson.roll(ann="A")
    codes = {each["given_name"]: each["code"] for each in (await lesson.teacher.got(f"{path}/register"))["lines"]}
    assert codes == {"Ann": "A", "Ben": "A"}


async def test_A19_where_the_class_wants_it_checking_in_marks_and_never_overwrites_a_mark(lesson: LessonNow) -> None:
    path = f"/meetings/{lesson.meeting_id}"
    policy = {"marking": "set", "late_after": 2}
    await lesson.school.did(f"/classes/{lesson.class_id}/check-in-policy", policy)
    assert (await lesson.teacher.got(f"/classes/{lesson.class_id}/check-in-policy"))["late_after"] == 2
    mark = {"enrolment_id": lesson.ben.enrolment_id, "code": "A"}
    register_id = (await lesson.teacher.did(f"{path}/attendance", {"marks": [mark]}))["id"]
    shown = {"code": (await lesson.teacher.got(f"{path}/check-in-code"))["code"]}
    await lesson.ann.did(f"{path}/check-in", shown)
    await lesson.ben.did(f"{path}/check-in", shown)
    lines = {each["given_name"]: each for each in (await lesson.teacher.got(f"{path}/register"))["lines"]}
    assert {name: line["code"] for name, line in lines.items()} == {"Ann": "L", "Ben": "A"}
    arrived = {each["given_name"]: each["arrived_at"] for each in await lesson.teacher.got(f"{path}/check-ins")}
    assert (lines["Ann"]["arrived_at"], lines["Ben"]["arrived_at"]) == (arrived["Ann"], None)
    ann = {"enrolment_id": lesson.ann.enrolment_id, "code": "E", "reason": "She left at once"}
    await lesson.teacher.did(f"/registers/{register_id}/corrections", ann)
    assert await lesson.ann.refused(f"{path}/check-in", shown) == (409, "already-checked-in")
    lines = {each["given_name"]: each["code"] for each in (await lesson.teacher.got(f"{path}/register"))["lines"]}
    assert lines == {"Ann": "E", "Ben": "A"}


async def test_A19_each_wrong_way_to_check_in_has_its_answer(lesson: LessonNow, academic: Running) -> None:
    path, school = f"/meetings/{lesson.meeting_id}", lesson.school
    shown = {"code": (await lesson.teacher.got(f"{path}/check-in-code"))["code"]}
    assert await lesson.teacher.refused(f"{path}/check-in", shown) == (409, "not-enrolled-that-day")
    stranger = replace(lesson.ann, user_id=uuid7())
    assert await stranger.refused(f"{path}/check-in", shown) == (409, "not-enrolled-that-day")
    assert await lesson.ann.refused(f"/meetings/{uuid7()}/check-in", shown) == (404, "not-found")
    other = await lesson_now(academic)
    theirs = {"code": (await other.teacher.got(f"/meetings/{other.meeting_id}/check-in-code"))["code"]}
    assert await lesson.ann.refused(f"{path}/check-in", theirs) == (409, "meeting-code-unknown")
    again = await school.meeting(lesson.class_id, "2190-01-04")
    assert await lesson.ann.refused(f"/meetings/{again}/check-in", shown) == (409, "meeting-code-of-another")
    shown = {"code": (await lesson.teacher.got(f"{path}/check-in-code"))["code"]}
    headers = {"idempotency_key": uuid7().hex}
    first = await lesson.ann.ask("POST", f"{path}/check-in", shown, **headers)
    copy = await lesson.ann.ask("POST", f"{path}/check-in", shown, **headers)
    assert (first.status_code, copy.content) == (201, first.content)
    assert await lesson.ann.refused(f"{path}/check-in", shown) == (409, "already-checked-in")


@pytest.mark.parametrize(
    ("minutes", "expected"),
    [
        (-31, MeetingNotBegun),
        (-30, ("16:30", 0, "P")),
        (0, ("17:00", 0, "P")),
        (10, ("17:10", 10, "P")),
        (11, ("17:11", 11, "L")),
        (89, ("18:29", 89, "L")),
        (90, LessonOver),
        (24 * 60, LessonOver),
    ],
)
async def test_A19_one_is_in_time_until_the_minutes_of_the_policy_are_over(
    seated: tuple[School, str, str], minutes: int, expected: Any
) -> None:
    school, meeting_id, ann = seated
    it, now = school.it, BEGIN + timedelta(minutes=minutes)
    codes = MeetingCodes(it.kernel.keyring.master, school.tenant_id)
    call, store = it.call(school.tenant_id, now=now.astimezone(UTC)), it.kernel.store
    code = codes.shown(UUID(meeting_id), call.now).text
    if isinstance(expected, type):
        with pytest.raises(expected):
            await check_in(store, call, codes, UUID(meeting_id), UUID(ann), code)
        return
    await check_in(store, call, codes, UUID(meeting_id), UUID(ann), code)
    (told,) = await it.stored(school.tenant_id, "academic.checked_in")
    assert (told["arrived_at"], told["late"], told["proposed"]) == expected
    with pytest.raises(AlreadyCheckedIn):
        await check_in(store, it.call(school.tenant_id, now=call.now), codes, UUID(meeting_id), UUID(ann), code)


@pytest.fixture
async def seated(school: School) -> tuple[School, str, str]:
    """A meeting from 17:00 to 18:30, and somebody who is enrolled."""
    class_id, ann = await school.class_(), await school.person()
    await school.enrolment(class_id, ann)
    return school, await school.meeting(class_id), ann


@pytest.mark.parametrize(
    ("policy", "refusal"),
    [
        ({"late_code": "A"}, (409, "code-does-not-fit")),
        ({"present_code": "X"}, (409, "code-not-in-use")),
        ({"late_after": -1}, (422, "validation-failed")),
        ({"marking": "always"}, (422, "validation-failed")),
    ],
)
async def test_A19_a_policy_names_codes_that_count_as_present(
    school: School, policy: dict[str, Any], refusal: tuple[int, str]
) -> None:
    path = f"/classes/{await school.class_()}/check-in-policy"
    assert await school.refused(path, policy) == refusal
    found = await school.got(path)
    assert found == {"late_after": 10, "present_code": "P", "late_code": "L", "marking": "propose"}
