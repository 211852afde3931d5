"""An erasure: who may ask, who may approve, when it is complete."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from auth.erasures.erasure import SERVICES, Erasure, ErasureIsDecided, Reply, SecondPersonNeeded
from shared.given import given
from shared.ids import uuid7

NOW = datetime(2026, 9, 1, 9, 0, tzinfo=UTC)
ANA, BEN, CLEO = uuid7(), uuid7(), uuid7()


def erasure(user_id: UUID | None = CLEO) -> Erasure:
    return Erasure(
        id=uuid7(), tenant_id=uuid7(), user_id=user_id, person_ids=(uuid7(),), requested_by=ANA, timestamp=NOW
    )


def approved() -> Erasure:
    found = erasure()
    found.approve(BEN, NOW)
    return found


@pytest.mark.parametrize("who", [ANA, CLEO], ids=["who asked", "whom it concerns"])
def test_C28_F14_another_person_approves(who: UUID) -> None:
    given(erasure()).when(lambda it: it.approve(who, NOW)).then_refused(SecondPersonNeeded)


def test_C28_it_is_decided_once() -> None:
    given(approved()).when(lambda it: it.approve(BEN, NOW)).then_refused(ErasureIsDecided)
    given(approved()).when(lambda it: it.reject(BEN, NOW)).then_refused(ErasureIsDecided)


def test_F14_nothing_is_answered_before_it_is_approved() -> None:
    given(erasure()).when(lambda it: it.note(Reply("billing", "done", 7), NOW)).then_nothing()


def test_F14_the_last_answer_completes_it_and_names_what_is_held() -> None:
    found = approved()
    found.collect_events()
    for service in SERVICES[:-1]:
        found.note(Reply(service, "done", 7), NOW)
        found.note(Reply(service, "done", 8), NOW)
    found.note(Reply(SERVICES[-1], "held", 9, date(2033, 1, 1), "invoices"), NOW)
    *answers, last = found.collect_events()
    assert len(answers) == len(SERVICES)
    assert isinstance(last, Erasure.Completed)
    assert last.held == (SERVICES[-1],)
