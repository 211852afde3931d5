"""Leaders: one at a time, replaced when they fall silent, ended at once when they are told to."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import psycopg
import pytest
from prometheus_client import REGISTRY

from shared.database import Connection, UnsafeDatabase, connect
from shared.ids import uuid7
from shared.leader import Leadership
from tests.shared.kafkas import eventually, leading

Dsns = dict[str, str]

Role = Callable[[Leadership], Awaitable[None]]


class Work:
    """A role that works until it is told to fail, and knows how often it began and ended."""

    def __init__(self, name: str = "") -> None:
        self.name = name or f"role {uuid7()}"
        self.begun = self.ended = 0
        self.fail: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def role(self, leadership: Leadership) -> None:
        self.begun += 1
        self.fail = asyncio.get_running_loop().create_future()
        try:
            await self.fail
        finally:
            self.ended += 1

    async def leads(self) -> bool:
        return self.begun > self.ended

    async def rests(self) -> bool:
        return self.begun == self.ended


@pytest.fixture
async def superuser(log: Dsns) -> AsyncIterator[Connection]:
    async with await connect(log["superuser"], search_path="academic") as connection:
        yield connection


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.leader.TRY_EVERY", 0.05)


async def test_G7_one_of_two_leads_and_the_other_takes_over_at_a_stop(log: Dsns) -> None:
    first = Work()
    second = Work(first.name)
    async with leading(log["worker"], second.role, first.name) as waiting:
        await eventually(second.leads)
        async with leading(log["worker"], first.role, first.name) as leader:
            await asyncio.sleep(0)
            assert not await first.leads()
            assert waiting.held == {first.name}
            assert leader.held == set()
            waiting.connection.pgconn.finish()
            await eventually(first.leads)
    assert second.begun >= 1


async def test_locks_are_released_at_a_stop(log: Dsns) -> None:
    first = Work()
    async with leading(log["worker"], first.role, first.name):
        await eventually(first.leads)
    second = Work(first.name)
    async with leading(log["worker"], second.role, first.name) as leadership:
        await eventually(second.leads, within=2)
        assert leadership.held == {first.name}
    assert (first.ended, second.ended) == (1, 1)


async def test_G7_a_leader_that_falls_silent_is_replaced_within_10_seconds(
    log: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frozen process holds its lock and asks nothing; the server ends its session."""
    monkeypatch.setattr("shared.leader.PING_EVERY", 3_600)
    frozen = Work()
    async with leading(log["worker"], frozen.role, frozen.name):
        await eventually(frozen.leads)
        monkeypatch.setattr("shared.leader.PING_EVERY", 1.0)
        next_one = Work(frozen.name)
        async with leading(log["worker"], next_one.role, frozen.name):
            began = asyncio.get_running_loop().time()
            await eventually(next_one.leads, within=10)
            assert asyncio.get_running_loop().time() - began > 2


def failures_of(error: str) -> float | None:
    return REGISTRY.get_sample_value("rollbook_role_failures_total", {"role": "read bad", "error": error})


async def test_a_role_that_fails_starts_again_and_the_others_go_on(log: Dsns) -> None:
    bad, good = Work(f"read bad {uuid7()}"), Work()
    leadership = Leadership(log["worker"], "academic")
    task = asyncio.create_task(leadership.run({bad.name: bad.role, good.name: good.role}))
    for failure in (psycopg.OperationalError("x"), ValueError("x"), ExceptionGroup("x", [KeyError("x")])):
        await eventually(bad.leads)
        bad.fail.set_exception(failure)
        await eventually(bad.rests)
    await eventually(bad.leads)
    bad.fail.cancel()
    await eventually(bad.rests)
    await eventually(bad.leads)
    assert (bad.begun, good.begun, good.ended) == (5, 1, 0)
    assert [failures_of(name) for name in ("OperationalError", "ValueError", "KeyError")] == [1, 1, 1]
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_leader_whose_session_ends_stops_its_roles_and_leads_again(log: Dsns, superuser: Connection) -> None:
    work = Work()
    async with leading(log["worker"], work.role, work.name) as leadership:
        await eventually(work.leads)
        await superuser.execute("SELECT pg_terminate_backend(%s)", (leadership.connection.info.backend_pid,))
        await eventually(work.rests)
        await eventually(work.leads)
        assert leadership.held == {work.name}


@pytest.mark.parametrize("error", [RuntimeError("x"), OSError("x"), psycopg.OperationalError("x"), TimeoutError()])
async def test_G9_a_role_that_fails_while_it_is_stopped_does_not_start_again(log: Dsns, error: Exception) -> None:
    begun = 0

    async def stubborn(leadership: Leadership) -> None:
        nonlocal begun
        begun += 1
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            raise error

    leadership = Leadership(log["worker"], "academic")
    task = asyncio.create_task(leadership.run({f"role {uuid7()}": stubborn}))

    async def has_begun() -> bool:
        return begun > 0

    await eventually(has_begun)
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=2)
    assert done == {task}
    assert task.cancelled()
    assert begun == 1


async def test_G9_a_role_that_loses_a_cancellation_is_cancelled_again(
    log: Dsns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.leader.CANCEL_EVERY", 0.05)
    lost, begun = 0, asyncio.Event()

    async def careless(leadership: Leadership) -> None:
        nonlocal lost
        begun.set()
        while True:
            try:
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                lost += 1
                if lost == 3:
                    raise

    task = asyncio.create_task(Leadership(log["worker"], "academic").run({f"role {uuid7()}": careless}))
    await begun.wait()
    task.cancel()
    done, _ = await asyncio.wait([task], timeout=2)
    assert done == {task}


async def test_a_database_that_is_away_is_waited_for(log: Dsns, caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    with caplog.at_level(logging.WARNING):
        async with leading("postgresql://nobody@127.0.0.1:1/none", work.role, work.name):
            await eventually(lambda: said(caplog, "leadership lost"))
    assert not work.begun


async def said(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text


async def test_DS6_a_leader_does_not_lead_on_another_history(empty_log: Dsns) -> None:
    async with await connect(empty_log["superuser"], search_path="academic") as connection:
        await connection.execute("UPDATE event_log SET system_identifier = 'another'")
    with pytest.raises(UnsafeDatabase):
        await Leadership(empty_log["worker"], "academic").run({})
