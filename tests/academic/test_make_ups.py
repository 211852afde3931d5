"""Make-up lessons: an absence gives a credit, a credit takes a seat in one other lesson, nothing is lost or doubled."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from academic.make_ups.make_up_credit import (
    Booking,
    MakeUpCredit,
    MakeUpExpired,
    MakeUpNotBooked,
    MakeUpNotOpen,
    Missed,
)
from academic.make_ups.reactions import expire
from infra.testing.school import School
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
END = NOW + timedelta(days=90)
TODAY = datetime.now(UTC).date()
MISSED, LATER = TODAY - timedelta(days=7), TODAY + timedelta(days=30)


def granted() -> MakeUpCredit:
    return MakeUpCredit.grant(uuid7(), uuid7(), uuid7(), Missed(uuid7()), "goodwill", END, NOW)


def booking(begins_at: datetime = NOW + timedelta(days=10)) -> Booking:
    return Booking(uuid7(), uuid7(), uuid7(), begins_at, begins_at - timedelta(days=1))


def booked() -> MakeUpCredit:
    credit = granted()
    credit.book(booking(), NOW)
    return credit


def used() -> MakeUpCredit:
    credit = booked()
    credit.use("marked", NOW)
    return credit


def taken_back() -> MakeUpCredit:
    credit = granted()
    credit.take_back(NOW)
    return credit


def test_A21_a_credit_books_one_lesson_before_it_ends() -> None:
    given(granted()).when(lambda c: c.book(booking(), NOW)).then(MakeUpCredit.Booked)
    given(granted()).when(lambda c: c.book(booking(END), NOW)).then_refused(MakeUpExpired)
    given(booked()).when(lambda c: c.book(booking(), NOW)).then_refused(MakeUpNotOpen)
    given(used()).when(lambda c: c.book(booking(), NOW)).then_refused(MakeUpNotOpen)


def test_A21_a_booking_cancelled_in_time_gives_the_credit_back_and_later_it_is_used() -> None:
    given(booked()).when(lambda c: c.cancel(NOW + timedelta(days=9))).then(MakeUpCredit.Released)
    late = NOW + timedelta(days=9, seconds=1)
    given(booked()).when(lambda c: c.cancel(late)).then(MakeUpCredit.Used, how="cancelled-late")
    given(granted()).when(lambda c: c.cancel(NOW)).then_refused(MakeUpNotBooked)


def test_A21_a_credit_ends_but_not_while_a_lesson_is_booked() -> None:
    given(granted()).when(lambda c: c.expire(END - timedelta(seconds=1))).then_nothing()
    given(granted()).when(lambda c: c.expire(END)).then(MakeUpCredit.Expired)
    given(booked()).when(lambda c: c.expire(END)).then_nothing()


def test_A21_a_corrected_mark_takes_an_unused_credit_back_and_flags_a_used_one() -> None:
    given(granted()).when(lambda c: c.take_back(NOW)).then(MakeUpCredit.TakenBack)
    given(booked()).when(lambda c: c.take_back(NOW)).then(MakeUpCredit.TakenBack)
    given(used()).when(lambda c: c.take_back(NOW)).then(MakeUpCredit.Flagged)
    given(taken_back()).when(lambda c: c.restore(NOW)).then(MakeUpCredit.Restored)
    given(granted()).when(lambda c: c.restore(NOW)).then_nothing()


class Missing:
    """Ann missed a lesson of her class, excused; another class has `seats` seats and a lesson to come."""

    def __init__(self, school: School) -> None:
        self.school = school

    @classmethod
    async def lesson(cls, school: School, *, seats: int | None = 1, code: str = "E") -> "Missing":
        it = cls(school)
        it.own = await school.class_("Own")
        it.ann = await school.person("Ann")
        it.enrolment = await school.enrolment(it.own, it.ann, None)
        it.other = await school.class_("Other", capacity=seats)
        it.to_come = await school.meeting(it.other, str(LATER))
        meeting = await school.meeting(it.own, str(MISSED))
        it.register = (await school.did(f"/meetings/{meeting}/attendance", it.marks(it.enrolment, code)))["id"]
        await school.it.settle()
        return it

    own: str
    ann: str
    enrolment: str
    other: str
    to_come: str
    register: str

    @staticmethod
    def marks(enrolment_id: str, code: str = "P") -> dict[str, Any]:
        return {"marks": [{"enrolment_id": enrolment_id, "code": code}]}

    async def credits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.school.got("/make-up-credits")
        return found

    async def credit(self) -> dict[str, Any]:
        (credit,) = await self.credits()
        return credit

    async def booked(self) -> str:
        """The place."""
        body = {"meeting_id": self.to_come}
        done = await self.school.did(f"/make-up-credits/{(await self.credit())['id']}/booking", body)
        await self.school.it.settle()
        return str(done["place_id"])

    async def corrected(self, code: str) -> None:
        body = {"enrolment_id": self.enrolment, "code": code, "reason": "Seen"}
        await self.school.did(f"/registers/{self.register}/corrections", body)
        await self.school.it.settle()

    async def sheet(self) -> list[tuple[str, str | None, str | None]]:
        sheet = await self.school.got(f"/meetings/{self.to_come}/register")
        return [(line["person_id"], line["guest"], line["code"]) for line in sheet["lines"]]


async def test_A14_A21_an_absence_whose_code_grants_it_gives_one_credit(school: School) -> None:
    it = await Missing.lesson(school)
    credit = await it.credit()
    assert (credit["person_id"], credit["class_id"], credit["held_on"]) == (it.ann, it.own, str(MISSED))
    assert (credit["why"], credit["state"]) == ("mark", "open")
    assert date.fromisoformat(credit["expires_at"][:10]) in {MISSED + timedelta(days=n) for n in (90, 91)}
    assert await school.got("/make-up-credits", person_id=await school.person("Ben")) == []


@pytest.mark.parametrize("code", ["P", "A"])
async def test_A14_another_code_gives_none(school: School, code: str) -> None:
    assert await (await Missing.lesson(school, code=code)).credits() == []


async def test_A21_a_booking_takes_a_seat_in_one_lesson_and_the_register_shows_the_guest(school: School) -> None:
    it = await Missing.lesson(school)
    place = await it.booked()
    assert await it.sheet() == [(it.ann, "make-up", None)]
    trial = {"person_id": await school.person("Tom"), "kind": "trial"}
    assert await school.refused(f"/meetings/{it.to_come}/guests", trial) == (409, "seats-taken")
    stay = {"person_id": trial["person_id"], "begin_on": None}
    assert await school.refused(f"/classes/{it.other}/enrolments", stay) == (409, "seats-taken")
    register = (await school.did(f"/meetings/{it.to_come}/attendance", it.marks(place)))["id"]
    assert await it.sheet() == [(it.ann, "make-up", "P")]
    await school.did(f"/registers/{register}/closure")
    assert ((await it.credit())["state"], (await it.credit())["how_used"]) == ("used", "marked")
    (_, marked) = await school.it.stored(school.tenant_id, "academic.attendance_marked")
    assert (marked["marks"][0]["guest"], marked["marks"][0]["billable"]) == ("make-up", False)
    assert await school.got(f"/classes/{it.other}/roster") == []


async def test_A21_a_cancelled_booking_frees_the_seat_and_gives_the_credit_back_in_time(school: School) -> None:
    it = await Missing.lesson(school)
    await it.booked()
    path = f"/make-up-credits/{(await it.credit())['id']}/cancellation"
    await school.did(path)
    assert ((await it.credit())["state"], await it.sheet()) == ("open", [])
    assert await school.refused(path) == (409, "make-up-not-booked")
    policy = {"days_valid": 90, "absence_notice_hours": 0, "cancel_notice_hours": 8760}
    await school.did("/make-up-policy", policy)
    assert await school.got("/make-up-policy") == policy
    await it.booked()
    await school.did(path)
    assert ((await it.credit())["how_used"], await it.sheet()) == ("cancelled-late", [])


async def test_A21_a_correction_takes_the_credit_and_its_seat_back_and_gives_it_again(school: School) -> None:
    it = await Missing.lesson(school)
    await it.booked()
    await it.corrected("P")
    assert ((await it.credit())["state"], await it.sheet()) == ("taken-back", [])
    await it.corrected("E")
    assert (await it.credit())["state"] == "open"
    await school.did(f"/meetings/{it.to_come}/attendance", it.marks(await it.booked(), "A"))
    await school.it.settle()
    await it.corrected("P")
    assert ((await it.credit())["state"], (await it.credit())["flagged"]) == ("used", True)
    assert len(await school.got("/make-up-credits", flagged=True)) == 1
    assert await school.it.parked() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("cancellation", {"reason": "teacher"}),
        (
            "rescheduling",
            {"held_on": str(LATER + timedelta(days=1)), "starts": "17:00", "ends": "18:00", "reason": "room"},
        ),
    ],
)
async def test_A21_F7_a_lesson_that_is_not_held_that_day_gives_seat_and_credit_back(
    school: School, path: str, body: dict[str, Any]
) -> None:
    it = await Missing.lesson(school)
    await it.booked()
    await school.did(f"/meetings/{it.to_come}/{path}", body)
    await school.it.settle()
    assert ((await it.credit())["state"], await it.sheet()) == ("open", [])


async def test_A21_credits_end(school: School) -> None:
    it = await Missing.lesson(school)
    await expire(school.it.kernel, datetime.now(UTC) + timedelta(days=80))
    assert (await it.credit())["state"] == "open"
    await expire(school.it.kernel, datetime.now(UTC) + timedelta(days=92))
    assert (await it.credit())["state"] == "expired"
    body = {"meeting_id": it.to_come}
    path = f"/make-up-credits/{(await it.credit())['id']}/booking"
    assert await school.refused(path, body) == (409, "make-up-not-open")


async def test_A21_a_school_may_ask_for_notice_of_the_absence(school: School) -> None:
    policy = {"days_valid": 30, "absence_notice_hours": 24, "cancel_notice_hours": 24}
    await school.did("/make-up-policy", policy)
    late = await Missing.lesson(school)
    assert await late.credits() == []
    ben = await school.person("Ben")
    enrolment = await school.enrolment(late.own, ben, None)
    day = {"first": str(LATER), "last": str(LATER)}
    await school.did("/absence-notices", {"person_id": ben} | day)
    await school.it.settle()
    meeting = await school.meeting(late.own, str(LATER))
    await school.did(f"/meetings/{meeting}/attendance", late.marks(enrolment, "E"))
    await school.it.settle()
    assert [credit["person_id"] for credit in await late.credits()] == [ben]


async def test_A21_A10_of_many_who_book_the_last_seats_at_once_only_as_many_get_one(school: School) -> None:
    it = await Missing.lesson(school, seats=3)
    await school.enrolment(it.other, await school.person("In"), None)
    credits = [
        await school.did("/make-up-credits", {"person_id": person, "class_id": it.own, "why": "goodwill"})
        for person in [await school.person(f"P{n}") for n in range(5)]
    ]
    paths = [f"/make-up-credits/{credit['id']}/booking" for credit in credits]
    answers = await asyncio.gather(*[school.post(path, {"meeting_id": it.to_come}) for path in paths])
    assert sorted(answer.status_code for answer in answers) == [200, 200, 409, 409, 409]
    assert [guest for _, guest, _ in await it.sheet()].count("make-up") == 2


async def test_A21_trial_and_guest_places_are_marked_as_such_and_never_become_enrolments(school: School) -> None:
    it = await Missing.lesson(school, seats=None)
    tom = await school.person("Tom")
    path = f"/meetings/{it.to_come}/guests"
    place = (await school.did(path, {"person_id": tom, "kind": "trial"}))["place_id"]
    assert await school.refused(path, {"person_id": tom}) == (409, "already-guest")
    stranger = it.marks(str(uuid7()))
    assert await school.refused(f"/meetings/{it.to_come}/attendance", stranger) == (409, "not-enrolled-that-day")
    inside = await school.enrolment(it.other, await school.person("In"), None)
    register = (await school.did(f"/meetings/{it.to_come}/attendance", it.marks(inside)))["id"]
    assert await school.refused(f"/registers/{register}/closure") == (409, "marks-missing")
    await school.did(f"/meetings/{it.to_come}/attendance", it.marks(place))
    later = await school.enrolment(it.other, tom, None)
    twice = it.marks(later)
    assert await school.refused(f"/meetings/{it.to_come}/attendance", twice) == (409, "person-marked-twice")
    assert (tom, "trial", "P") in await it.sheet()
    assert len(await it.sheet()) == 2
    await school.did(f"/registers/{register}/closure")


async def test_A21_a_make_up_is_for_a_lesson_one_is_not_in_anyway(school: School) -> None:
    it = await Missing.lesson(school)
    own = await school.meeting(it.own, str(LATER))
    path = f"/make-up-credits/{(await it.credit())['id']}/booking"
    assert await school.refused(path, {"meeting_id": own}) == (409, "already-enrolled")
    place = await it.booked()
    removal = f"/meetings/{it.to_come}/guests/{place}/removal"
    assert await school.refused(removal) == (409, "place-is-make-up")


async def test_A21_A11_the_seat_that_a_guest_gives_up_is_offered_to_whoever_waits(school: School) -> None:
    class_id = await school.class_(capacity=1)
    path = f"/meetings/{await school.meeting(class_id, str(LATER))}/guests"
    place = (await school.did(path, {"person_id": await school.person("Tom")}))["place_id"]
    waits = {"person_id": await school.person("Ann"), "begin_on": str(LATER)}
    await school.did(f"/classes/{class_id}/waitlist", waits)
    assert [line["offered_until"] for line in await school.got(f"/classes/{class_id}/waitlist")] == [None]
    await school.did(f"{path}/{place}/removal")
    await school.it.settle()
    assert [line["offered_until"] is None for line in await school.got(f"/classes/{class_id}/waitlist")] == [False]
