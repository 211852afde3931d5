"""Waiting lists: in their order, with a seat that is kept while somebody thinks about it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from academic.classes.seats import Enrolment
from academic.waitlists.offering import lapse
from academic.waitlists.waitlist import OFFER, AlreadyWaiting, NoOffer, Waitlist
from infra.testing.school import School
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
ANN, BEN = uuid7(), uuid7()
STAY = Enrolment(uuid7(), None, None)


def empty() -> Waitlist:
    return Waitlist(id=uuid7(), tenant_id=uuid7(), class_id=uuid7(), timestamp=NOW)


def with_ann() -> Waitlist:
    waitlist = empty()
    waitlist.join(ANN, STAY, "offer", NOW)
    return waitlist


def offered() -> Waitlist:
    waitlist = with_ann()
    waitlist.offer(ANN, NOW)
    return waitlist


def test_A11_a_person_waits_once() -> None:
    given(with_ann()).when(lambda w: w.join(BEN, STAY, "offer", NOW)).then_refused(AlreadyWaiting)


def test_A11_an_offer_stands_for_two_days() -> None:
    given(with_ann()).when(lambda w: w.offer(ANN, NOW)).then(Waitlist.SeatOffered, until=NOW + OFFER)
    given(offered()).when(lambda w: w.lapse(ANN, NOW + OFFER - timedelta(seconds=1))).then_nothing()
    given(offered()).when(lambda w: w.lapse(ANN, NOW + OFFER)).then(Waitlist.OfferLapsed)
    given(offered()).when(lambda w: w.accept(ANN, NOW + OFFER)).then_refused(NoOffer)


def test_A11_nobody_accepts_what_is_not_offered() -> None:
    given(with_ann()).when(lambda w: w.accept(ANN, NOW)).then_refused(NoOffer)


async def full_class(school: School, seats: int = 1) -> tuple[str, list[str]]:
    """A class and the enrolments that fill it."""
    class_id = await school.class_(capacity=seats)
    return class_id, [await school.enrolment(class_id, await school.person(f"In{n}")) for n in range(seats)]


async def waits(school: School, class_id: str, name: str, **more: Any) -> str:
    body = {"person_id": await school.person(name), "begin_on": "2026-09-01"} | more
    return str((await school.did(f"/classes/{class_id}/waitlist", body))["enrolment_id"])


async def withdrawn(school: School, class_id: str, enrolment_id: str) -> None:
    await school.did(f"/classes/{class_id}/enrolments/{enrolment_id}/withdrawal", {"on": "2026-09-01"})
    await school.it.settle()


async def offers(school: School, class_id: str) -> dict[str, bool]:
    lines = await school.got(f"/classes/{class_id}/waitlist")
    return {line["enrolment_id"]: line["offered_until"] is not None for line in lines}


async def test_A11_F8_a_free_seat_is_offered_to_the_first_in_line_and_kept(school: School) -> None:
    class_id, (seat,) = await full_class(school)
    ann, ben = await waits(school, class_id, "Ann"), await waits(school, class_id, "Ben")
    await withdrawn(school, class_id, seat)
    assert await offers(school, class_id) == {ann: True, ben: False}
    eve = {"person_id": await school.person("Eve"), "begin_on": "2026-09-01"}
    assert await school.refused(f"/classes/{class_id}/enrolments", eve) == (409, "seats-taken")
    await school.did(f"/classes/{class_id}/waitlist/{ann}/acceptance")
    roster = await school.got(f"/classes/{class_id}/roster")
    assert ann in {line["enrolment_id"] for line in roster}
    assert await offers(school, class_id) == {ben: False}


async def test_A11_F8_an_offer_that_nobody_took_goes_to_the_next(school: School) -> None:
    class_id, (seat,) = await full_class(school)
    ann, ben = await waits(school, class_id, "Ann"), await waits(school, class_id, "Ben")
    await withdrawn(school, class_id, seat)
    await lapse(school.it.kernel, datetime.now(UTC) + timedelta(hours=47))
    assert await offers(school, class_id) == {ann: True, ben: False}
    await lapse(school.it.kernel, datetime.now(UTC) + timedelta(hours=49))
    await lapse(school.it.kernel, datetime.now(UTC) + timedelta(hours=49))
    assert await offers(school, class_id) == {ben: True}
    assert await school.refused(f"/classes/{class_id}/waitlist/{ann}/acceptance") == (404, "not-waiting")


async def test_A11_F8_who_wants_to_be_in_at_once_is_enrolled_when_a_seat_is_free(school: School) -> None:
    class_id, (seat,) = await full_class(school)
    ann = await waits(school, class_id, "Ann", when_free="enrol")
    await withdrawn(school, class_id, seat)
    assert await offers(school, class_id) == {}
    assert ann in {line["enrolment_id"] for line in await school.got(f"/classes/{class_id}/roster")}


async def test_A11_F8_more_seats_are_offered_to_as_many(school: School) -> None:
    class_id, _ = await full_class(school)
    waiting = [await waits(school, class_id, name) for name in ("Ann", "Ben", "Cem")]
    await school.did(f"/classes/{class_id}/capacity", {"capacity": 3})
    await school.it.settle()
    assert await offers(school, class_id) == {waiting[0]: True, waiting[1]: True, waiting[2]: False}
    await school.did(f"/classes/{class_id}/waitlist/{waiting[0]}/leaving")
    await school.it.settle()
    assert await offers(school, class_id) == {waiting[1]: True, waiting[2]: True}


async def test_A11_somebody_whose_days_do_not_fit_holds_up_nobody(school: School) -> None:
    class_id = await school.class_(capacity=1)
    seat = await school.enrolment(class_id, await school.person("In"), "2026-09-01", "2026-10-01")
    await school.enrolment(class_id, await school.person("Later"), "2026-10-01")
    long = await waits(school, class_id, "Long")
    short = await waits(school, class_id, "Short", end_on="2026-10-01")
    await withdrawn(school, class_id, seat)
    assert await offers(school, class_id) == {long: False, short: True}


async def test_A11_A10_of_many_who_accept_at_once_nobody_gets_a_seat_that_is_not_there(school: School) -> None:
    class_id, seats = await full_class(school, 2)
    waiting = [await waits(school, class_id, f"W{n}") for n in range(4)]
    for seat in seats:
        await withdrawn(school, class_id, seat)
    answers = await asyncio.gather(
        *[school.post(f"/classes/{class_id}/waitlist/{each}/acceptance") for each in waiting * 2]
    )
    assert {answer.status_code for answer in answers} <= {200, 404, 409}
    roster = await school.got(f"/classes/{class_id}/roster", as_of="2026-09-15")
    assert {line["enrolment_id"] for line in roster} == set(waiting[:2])


@pytest.mark.parametrize("free", [1, None])
async def test_a_class_with_a_seat_has_no_waiting_list(school: School, free: int | None) -> None:
    class_id = await school.class_(capacity=free)
    body = {"person_id": await school.person(), "begin_on": None}
    assert await school.refused(f"/classes/{class_id}/waitlist", body) == (409, "seat-available")


async def test_who_is_in_does_not_wait(school: School) -> None:
    class_id = await school.class_(capacity=1)
    ann = await school.person()
    await school.enrolment(class_id, ann)
    body = {"person_id": ann, "begin_on": "2026-09-01"}
    assert await school.refused(f"/classes/{class_id}/waitlist", body) == (409, "already-enrolled")


async def test_S1_a_waiting_list_of_another_school_is_unknown(school: School) -> None:
    other = await School.founded(school.it)
    class_id, _ = await full_class(other)
    ann = await waits(other, class_id, "Ann")
    answer = await school.get(f"/classes/{class_id}/waitlist")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert await school.refused(f"/classes/{class_id}/waitlist/{ann}/leaving") == (404, "not-found")
