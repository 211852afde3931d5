"""Absence notices: given, answered, seen by the teacher, and nobody else's business."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from academic.absences.absence_notice import AbsenceNotice, DaysReversed, NoticeIsDecided
from infra.testing.school import School
from shared.given import given
from shared.ids import uuid7
from shared.sealed import Sealed

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
MONDAY, FRIDAY = date(2026, 9, 7), date(2026, 9, 11)
ANSWER: Sealed[str] = Sealed("v1.opaque")


def notified() -> AbsenceNotice:
    return AbsenceNotice.notify(uuid7(), uuid7(), uuid7(), MONDAY, FRIDAY, None, NOW)


def rejected() -> AbsenceNotice:
    notice = notified()
    notice.reject(ANSWER, NOW)
    return notice


def approved() -> AbsenceNotice:
    notice = notified()
    notice.approve(NOW)
    return notice


def test_A18_a_notice_is_approved_once() -> None:
    given(notified()).when(lambda n: n.approve(NOW)).then(AbsenceNotice.Approved)
    given(approved()).when(lambda n: n.approve(NOW)).then_nothing()
    given(approved()).when(lambda n: n.reject(ANSWER, NOW)).then_refused(NoticeIsDecided)


def test_A18_a_notice_is_withdrawn_also_after_it_was_approved_but_not_after_it_was_rejected() -> None:
    given(approved()).when(lambda n: n.withdraw(NOW)).then(AbsenceNotice.Withdrawn)
    given(rejected()).when(lambda n: n.withdraw(NOW)).then_refused(NoticeIsDecided)


def test_A18_the_last_day_does_not_lie_before_the_first() -> None:
    with pytest.raises(DaysReversed):
        AbsenceNotice.notify(uuid7(), uuid7(), uuid7(), FRIDAY, MONDAY, None, NOW)


async def notice(school: School, person_id: str, **more: Any) -> str:
    body = {"person_id": person_id, "first": "2026-09-07", "last": "2026-09-11", "reason": "A cold"} | more
    return str((await school.did("/absence-notices", body))["id"])


async def test_A18_the_teacher_sees_in_the_register_who_will_not_come(school: School) -> None:
    class_id = await school.class_()
    ann, ben, eva = [await school.person(name) for name in ("Ann", "Ben", "Eva")]
    for person_id in (ann, ben, eva):
        await school.enrolment(class_id, person_id)
    meeting_id = await school.meeting(class_id)
    await school.did(f"/absence-notices/{await notice(school, ann)}/approval")
    await notice(school, ben)
    await school.did(f"/absence-notices/{await notice(school, eva)}/withdrawal")
    sheet = await school.got(f"/meetings/{meeting_id}/register")
    assert {line["given_name"]: line["notice"] for line in sheet["lines"]} == {
        "Ann": "approved",
        "Ben": "notified",
        "Eva": None,
    }


async def test_A18_notices_are_found_by_state_day_and_person(school: School) -> None:
    ann, ben = await school.person("Ann"), await school.person("Ben")
    first = await notice(school, ann)
    second = await notice(school, ben, first="2026-10-01", last="2026-10-01")
    await school.did(f"/absence-notices/{second}/rejection", {"answer": "There is an exam"})
    assert [line["id"] for line in await school.got("/absence-notices", on="2026-09-11")] == [first]
    assert await school.got("/absence-notices", on="2026-09-12") == []
    (line,) = await school.got("/absence-notices", state="rejected")
    assert (line["id"], line["reason"], line["answer"]) == (second, "A cold", "There is an exam")
    assert [line["id"] for line in await school.got("/absence-notices", person_id=ann)] == [first]


async def test_A18_N6_why_somebody_is_away_is_nowhere_in_clear(school: School) -> None:
    await notice(school, await school.person(), reason="a canary of an illness")
    (stored,) = await school.it.stored(school.tenant_id, "academic.absence_notified")
    assert "canary" not in str(stored)


async def test_S1_a_person_or_notice_of_another_school_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    ann = await other.person()
    foreign = await notice(other, ann)
    body = {"person_id": ann, "first": "2026-09-07", "last": "2026-09-07"}
    assert await school.refused("/absence-notices", body) == (404, "not-found")
    assert await school.refused(f"/absence-notices/{foreign}/approval") == (404, "not-found")
    assert await school.got("/absence-notices") == []
