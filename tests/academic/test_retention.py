"""A33: who left is kept as long as the policy says, then told to be due, and erased by nobody alone."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from academic.retention.leaver import Leaver, LeaverNotDue
from academic.retention.policy import Terms, keep_until, later
from academic.retention.reviewing import review
from infra.testing.harness import PERMISSIONS
from infra.testing.school import School
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2030, 6, 1, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=1000)
FUNDING = {"funder": "FUNDAE", "action_number": "12", "group_number": "3", "planned_hours": 30}
WRITER = (*PERMISSIONS, "erasures.read", "erasures.write")


@pytest.mark.parametrize(
    ("last_lesson", "until", "why"),
    [
        (None, date(2031, 1, 10), "term"),
        (date(2025, 6, 1), date(2031, 1, 10), "term"),
        (date(2029, 12, 20), date(2033, 12, 20), "attendance-evidence"),
    ],
)
def test_A33_the_longer_of_both_terms_counts(last_lesson: date | None, until: date, why: str) -> None:
    assert keep_until(date(2030, 1, 10), last_lesson, Terms(years=1)) == (until, why)


def test_A33_a_term_from_a_leap_day_ends_in_march() -> None:
    assert later(date(2028, 2, 29), 1) == date(2029, 3, 1)


def leaver() -> Leaver:
    return Leaver(id=uuid7(), tenant_id=uuid7(), person_id=uuid7(), timestamp=LONG_AGO)


def test_A33_nobody_is_handed_over_before_the_term_is_over_or_while_somebody_holds_them() -> None:
    given(leaver()).when(lambda it: it.hand_over(uuid7(), NOW)).then_refused(LeaverNotDue)
    held = leaver()
    held.hold(date(2035, 1, 1), "legal-case", LONG_AGO)
    given(held).when(lambda it: it.review(date(2030, 1, 1), "term", LONG_AGO, NOW)).then_nothing()
    held.review(date(2030, 1, 1), "term", LONG_AGO, NOW)
    with pytest.raises(LeaverNotDue):
        held.hand_over(uuid7(), NOW)


def test_A33_a_hold_takes_back_that_somebody_is_due_and_the_same_review_says_nothing_twice() -> None:
    found = leaver()
    found.collect_events()
    found.review(date(2030, 1, 1), "term", LONG_AGO, NOW)
    found.review(date(2030, 1, 1), "term", LONG_AGO, NOW)
    found.hold(date(2031, 1, 1), "inspection", NOW)
    kinds = [type(each) for each in found.collect_events()]
    assert kinds == [Leaver.BecameDue, Leaver.Kept]
    assert not found.due


async def archived(school: School, name: str, day: str | None = None, *, funded: bool = True) -> str:
    """Somebody who left, after a lesson on that day."""
    person = await school.person(name, "Lee")
    if day is not None:
        class_id = await school.class_()
        if funded:
            await school.did(f"/classes/{class_id}/funding", FUNDING)
        enrolment = await school.enrolment(class_id, person, begin_on="2020-09-01")
        meeting = await school.meeting(class_id, day)
        await school.did(f"/meetings/{meeting}/attendance", {"marks": [{"enrolment_id": enrolment, "code": "P"}]})
    await school.did(f"/people/{person}/archiving")
    return person


async def reviewed(school: School, *, years_later: int) -> None:
    await school.it.settle()
    now = datetime.now(UTC)
    await review(school.it.kernel, now.replace(year=now.year + years_later, day=min(now.day, 28)) + timedelta(days=3))
    await school.it.settle()


async def states(school: School) -> dict[str, tuple[str, str | None]]:
    lines = await school.got("/retention/leavers")
    return {line["given_name"]: (line["state"], line["kept_why"]) for line in lines}


async def hand_over(school: School, *people: str, fresh: bool = True) -> Any:
    """As a user who proved a moment ago who it is."""
    proof = {"amr": ["pwd"], "auth_time": int(time.time())} if fresh else {}
    token = school.it.signer.token(school.tenant_id, WRITER, claims=proof)
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": uuid7().hex}
    return await school.it.client.post(
        "/retention/erasure-requests", json={"person_ids": list(people)}, headers=headers
    )


async def test_A33_a_leaver_is_kept_then_due_then_handed_over_and_never_erased_by_that(school: School) -> None:
    school.permissions = WRITER
    day = str(datetime.now(UTC).date())
    ann, ben = await archived(school, "Ann", day, funded=False), await archived(school, "Ben", day)
    await reviewed(school, years_later=0)
    assert await states(school) == {"Ann": ("kept", None), "Ben": ("kept", None)}
    await school.did("/retention/policy", {"years": 2})
    await reviewed(school, years_later=0)
    assert await states(school) == {"Ann": ("kept", "term"), "Ben": ("kept", "attendance-evidence")}
    assert (await hand_over(school, ann)).json()["code"] == "leaver-not-due"
    await reviewed(school, years_later=2)
    await reviewed(school, years_later=2)
    assert (await states(school))["Ann"][0] == "due"
    assert (await states(school))["Ben"][0] == "kept"
    both = await hand_over(school, ann, ben)
    assert (both.status_code, both.json()["code"]) == (409, "leaver-not-due")
    assert (await hand_over(school, ann, fresh=False)).json()["code"] == "step-up-needed"
    assert (await hand_over(school, ann)).status_code == 201
    assert (await states(school))["Ann"][0] == "handed-over"
    assert (await school.it.stored(school.tenant_id, "academic.leaver_handed_over"))[0]["person_id"] == ann
    assert (await school.got(f"/people/{ann}"))["given_name"] == "Ann"
    assert len(await school.it.stored(school.tenant_id, "academic.leaver_due")) == 1


async def test_A33_another_policy_is_looked_at_anew_and_a_hold_goes_before_it(school: School) -> None:
    school.permissions = WRITER
    ann = await archived(school, "Ann")
    await school.did("/retention/policy", {"years": 50})
    await reviewed(school, years_later=0)
    await school.did(f"/retention/leavers/{ann}/hold", {"until": "2190-01-01", "why": "legal-case"})
    await school.did("/retention/policy", {"years": 0})
    await reviewed(school, years_later=0)
    assert await states(school) == {"Ann": ("kept", "legal-case")}
    await school.did(f"/retention/leavers/{ann}/hold", {"until": "2020-01-01", "why": "other"})
    await reviewed(school, years_later=0)
    assert [line["person_id"] for line in await school.got("/retention/leavers", state="due")] == [ann]


async def test_A33_who_comes_back_is_no_leaver(school: School) -> None:
    school.permissions = WRITER
    ann = await archived(school, "Ann")
    await school.did("/retention/policy", {"years": 0})
    await reviewed(school, years_later=0)
    await school.did(f"/people/{ann}/restoration")
    assert await school.got("/retention/leavers") == []
    assert (await hand_over(school, ann)).status_code == 404
    assert await school.refused(f"/retention/leavers/{ann}/hold", {"until": "2190-01-01", "why": "other"}) == (
        404,
        "not-found",
    )
