"""The freeze day: what is past it changes only by a right of its own; and rolls that come late overwrite nothing."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from academic.rules.attendance_rules import AttendanceRules, next_month
from infra.testing.school import School
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
TODAY = datetime.now(UTC).date()
LONG_AGO = TODAY - timedelta(days=70)


def rules(freeze_day: int | None) -> AttendanceRules:
    rules = AttendanceRules(id=uuid7(), tenant_id=uuid7(), timestamp=NOW)
    rules.set_freeze_day(freeze_day, "Europe/Madrid", NOW)
    return rules


def test_A17_a_month_freezes_when_the_freeze_day_of_the_next_begins_at_the_school() -> None:
    last = date(2026, 9, 30)
    midnight = datetime(2026, 10, 4, 22, tzinfo=UTC)
    assert not rules(5).frozen(last, midnight - timedelta(seconds=1))
    assert rules(5).frozen(last, midnight)
    assert rules(5).frozen(date(2026, 9, 1), midnight)
    assert not rules(5).frozen(date(2026, 10, 1), midnight)
    assert not rules(None).frozen(date(2020, 1, 1), midnight)
    assert next_month(date(2026, 12, 31)) == date(2027, 1, 1)


class Past:
    """Two students of a lesson long ago, Ann marked present; then the school sets a freeze day."""

    def __init__(self, school: School, meeting: str, ann: str, ben: str, register: str) -> None:
        self.school, self.meeting, self.ann, self.ben, self.register = school, meeting, ann, ben, register

    @classmethod
    async def lesson(cls, school: School, day: date = LONG_AGO) -> "Past":
        class_id = await school.class_()
        ann = await school.enrolment(class_id, await school.person("Ann"), None)
        ben = await school.enrolment(class_id, await school.person("Ben"), None)
        meeting = await school.meeting(class_id, str(day))
        body = {"marks": [{"enrolment_id": ann, "code": "P"}]}
        register = (await school.did(f"/meetings/{meeting}/attendance", body))["id"]
        settings = {"zone": "Europe/Madrid", "language": "es", "freeze_day": 5}
        await school.it.feed("auth.tenant_settings_changed", school.tenant_id, school.tenant_id, settings, version=2)
        return cls(school, meeting, ann, ben, register)

    def roll(self, **more: Any) -> tuple[str, dict[str, Any]]:
        return f"/meetings/{self.meeting}/attendance", {"marks": [{"enrolment_id": self.ben, "code": "P"}], **more}

    def correction(self, **more: Any) -> tuple[str, dict[str, Any]]:
        body = {"enrolment_id": self.ann, "code": "E", "reason": "Her father called"}
        return f"/registers/{self.register}/corrections", body | more


@pytest.mark.parametrize("what", [Past.roll, Past.correction])
async def test_A17_after_the_freeze_day_marks_change_only_by_a_right_of_its_own_and_with_a_reason(
    school: School, what: Any
) -> None:
    past = await Past.lesson(school)
    path, body = what(past)
    assert await school.refused(path, body) == (409, "attendance-is-frozen")
    path, body = what(past, freeze_reason="inspection")
    assert await school.refused(path, body) == (403, "forbidden")
    school.permissions = (*school.permissions, "freeze.override")
    assert await school.refused(*what(past)) == (409, "attendance-is-frozen")
    before = await school.events()
    await school.did(path, body)
    (event,) = (await school.events())[len(before) :]
    assert (await school.it.stored(school.tenant_id, event))[-1]["freeze_reason"] == "inspection"


async def test_A17_the_same_marks_again_are_no_event_and_frozen_or_not_no_refusal(school: School) -> None:
    past = await Past.lesson(school)
    before = await school.events()
    again = {"marks": [{"enrolment_id": past.ann, "code": "P"}]}
    await school.did(f"/meetings/{past.meeting}/attendance", again)
    assert await school.events() == before


async def test_A17_what_is_not_past_the_freeze_day_is_marked_as_ever(school: School) -> None:
    past = await Past.lesson(school, TODAY)
    await school.did(*past.roll())
    await school.did(*past.correction())
    assert "academic.attendance_corrected" in await school.events()


async def test_A16_a_roll_sent_late_never_overwrites_a_correction_and_is_answered_student_by_student(
    school: School,
) -> None:
    past = await Past.lesson(school, TODAY)
    await school.did(*past.correction())
    offline = {"marks": [{"enrolment_id": past.ann, "code": "P"}, {"enrolment_id": past.ben, "code": "L"}]}
    path, before = f"/meetings/{past.meeting}/attendance", await school.events()
    answer = await school.post(path, offline)
    assert (answer.status_code, answer.json()["code"]) == (409, "already-marked")
    told = [(error["pointer"], error["detail"]) for error in answer.json()["errors"]]
    assert told == [("/marks/0/code", "The register says E.")]
    await school.did(path, {"marks": offline["marks"][1:]})
    answer = await school.post(path, offline)
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/marks/0/code"]
    assert (await school.events())[len(before) :] == ["academic.attendance_marked"]
    stale = await school.post(path, offline, if_match='"1"')
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
