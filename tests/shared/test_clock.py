"""The clock: due work by the database's time; a jump stops it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from shared.clock import ClockJumped, Rule, expire_commands, run_clock, run_until_it_jumps, time_of
from shared.database import Connection, connect
from shared.ids import uuid7
from tests.shared.kafkas import eventually
from tests.shared.stores import append, event_of, member_of

Dsns = dict[str, str]


@pytest.fixture
async def database(log: Dsns) -> AsyncIterator[Connection]:
    """A superuser's connection to a database whose clock can be set: `jumps.by`."""
    async with await connect(log["superuser"], search_path="jumps,pg_catalog,academic") as connection:
        await connection.execute("CREATE SCHEMA jumps")
        await connection.execute("CREATE TABLE jumps.jump AS SELECT '0 s'::interval AS by")
        await connection.execute(
            "CREATE FUNCTION jumps.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS"
            " 'SELECT pg_catalog.clock_timestamp() + by FROM jumps.jump'"
        )
        yield connection
        await connection.execute("DROP SCHEMA jumps CASCADE")


class Runs:
    """A rule that counts."""

    def __init__(self) -> None:
        self.times: list[datetime] = []

    async def run(self, connection: Connection, now: datetime) -> None:
        self.times.append(now)

    async def any(self) -> bool:
        return bool(self.times)


async def test_the_time_is_the_databases(database: Connection) -> None:
    await database.execute("UPDATE jumps.jump SET by = '30 min'")
    assert timedelta(minutes=29) < await time_of(database) - datetime.now(UTC) < timedelta(minutes=31)


async def test_rules_run_when_they_are_due(database: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.clock.TICK", 0.01)
    often, seldom = Runs(), Runs()
    rules = [Rule("often", timedelta(), often.run), Rule("seldom", timedelta(minutes=20), seldom.run)]
    clock = asyncio.create_task(run_clock(database, rules))

    async def often_enough() -> bool:
        return len(often.times) > 5

    await eventually(often_enough)
    assert len(seldom.times) == 1
    clock.cancel()
    assert often.times == sorted(often.times)


@pytest.mark.parametrize("by", ["61 min", "-61 min", "1 day"])
async def test_G12_a_jump_of_more_than_an_hour_stops_the_clock(
    log: Dsns, database: Connection, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    monkeypatch.setattr("shared.clock.TICK", 0.01)
    runs = Runs()
    async with await connect(log["superuser"], search_path="jumps,pg_catalog,academic") as connection:
        clock = asyncio.create_task(run_clock(connection, [Rule("due", timedelta(hours=2), runs.run)]))
        await eventually(runs.any)
        await database.execute(f"UPDATE jumps.jump SET by = '{by}'".encode())
        with pytest.raises(ClockJumped):
            await clock
    assert len(runs.times) == 1


async def test_G12_a_clock_that_jumped_does_not_start_again_by_itself(
    log: Dsns, database: Connection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("shared.clock.TICK", 0.01)
    async with await connect(log["superuser"], search_path="jumps,pg_catalog,academic") as connection:
        clock = asyncio.create_task(run_until_it_jumps(connection))
        while not caplog.records:
            await database.execute("UPDATE jumps.jump SET by = by + '2 h'")
            await asyncio.sleep(0.01)
        assert "jumped" in caplog.text
        done, _ = await asyncio.wait([clock], timeout=0.1)
        assert not done
        clock.cancel()


async def test_E5_keys_of_clients_expire_and_derived_ones_never(log: Dsns) -> None:
    tenant = uuid7()
    async with await connect(log["worker"], search_path="academic") as worker:
        for key, keep in ((b"day", 86_400), (b"week", 604_800), (b"for ever", 0)):
            await append(worker, member_of(event_of(tenant), key=key, keep=keep))
        now = await time_of(worker)
        for later, left in ((0, 3), (1.1, 2), (8, 1), (10_000, 1)):
            await expire_commands(worker, now + timedelta(days=later))
            cursor = await worker.execute("SELECT key_hash FROM commands WHERE tenant_id = %s", (tenant,))
            assert len(await cursor.fetchall()) == left
