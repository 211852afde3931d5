"""`rollbook views build --wait`: what the operator hears while a build is filled, or is not."""

import asyncio

import psycopg
import pytest

from infra.operator import waiting
from shared.ids import uuid7
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
        with psycopg.connect(log["worker"], autocommit=True) as connection:
            connection.execute(statement.encode())
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


def test_a_build_that_is_dropped_meanwhile_is_gone(
    rollbook: Rollbook, filled: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_each_look(monkeypatch, filled, "DELETE FROM builds")
    status, said = rollbook(WORDS, reaching(filled))
    assert status == 1
    assert "is gone: begin another one" in said
