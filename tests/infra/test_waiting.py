"""`rollbook views build --wait`: what the operator hears while a build is filled, or is not."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from infra.operator import waiting
from shared.ids import uuid7
from shared.leader import lock_of
from shared.service import follower_of
from tests.infra.conftest import Rollbook, reaching
from tests.shared.stores import call_of, new_shelf, store_on

WORDS = ("views", "build", "academic", "roster", "--wait")
EVENTS = 10


@pytest.fixture(scope="module")
def filled(log: dict[str, str]) -> dict[str, str]:
    asyncio.run(fill(log))
    return log


async def fill(log: dict[str, str]) -> None:
    async with store_on(log["api"]) as store:
        tenant = uuid7()
        for _ in range(EVENTS):
            await store.save(new_shelf(tenant), call=call_of(tenant))


def on_each_look(monkeypatch: pytest.MonkeyPatch, log: dict[str, str], statement: str) -> None:
    """In place of a worker: something happens to the build between two looks at it."""
    look = waiting._progress

    async def looked(*given: object) -> object:
        found = await look(*given)  # type: ignore[arg-type]
        execute(log, statement)
        return found

    monkeypatch.setattr(waiting, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(waiting, "_progress", looked)


def test_it_ends_when_the_build_has_read_everything(
    rollbook: Rollbook, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_each_look(monkeypatch, filled, "UPDATE positions SET position = position + 1")
    status, said = rollbook(WORDS, reaching(filled))
    assert status == 0
    assert f"{EVENTS}/{EVENTS}" in said
    assert "has caught up: verify it, then flip to it" in said


def test_without_a_worker_it_says_what_to_start(
    rollbook: Rollbook, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "STILL", 0.0)
    status, said = rollbook(WORDS, reaching(filled))
    assert status == 1
    assert "stands at 0: start academic's worker" in said


def test_a_build_whose_last_step_takes_long_is_waited_for(
    rollbook: Rollbook, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is folded, and nothing of it is committed yet."""
    on_each_look(monkeypatch, filled, "UPDATE builds SET progress = 1")
    with leading_newest(filled):
        monkeypatch.setattr(waiting, "STILL", 0.0)
        later = threading.Timer(1.0, lambda: execute(filled, "UPDATE positions SET position = 10"))
        later.start()
        status, said = rollbook(WORDS, reaching(filled))
        later.join()
    assert status == 0
    assert "has caught up" in said


@contextmanager
def leading_newest(log: dict[str, str]) -> Iterator[None]:
    """The lock of the build that comes next, as a worker would hold it."""
    with psycopg.connect(log["worker"], autocommit=True) as connection:
        (number,) = connection.execute("SELECT coalesce(max(build), 0) + 1 FROM builds").fetchone() or (1,)
        lock = lock_of(follower_of(f"academic_views_roster_{number}"))
        connection.execute("SELECT pg_advisory_lock(%s, 'academic'::regnamespace::oid::int)", (lock,))
        yield


def execute(log: dict[str, str], statement: str) -> None:
    with psycopg.connect(log["worker"], autocommit=True) as connection:
        connection.execute(statement.encode())


def test_a_build_that_is_dropped_meanwhile_is_gone(
    rollbook: Rollbook, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_each_look(monkeypatch, filled, "DELETE FROM builds")
    status, said = rollbook(WORDS, reaching(filled))
    assert status == 1
    assert "is gone: begin another one" in said
