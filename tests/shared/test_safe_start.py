"""A service starts only where an acknowledged command cannot be lost, and on the history that it knows."""

import asyncio
from collections.abc import Iterator

import psycopg
import pytest
from psycopg_pool import PoolTimeout

from infra.native.running import Running, running
from infra.testing.harness import PASSWORDS, login
from shared.database import UnsafeDatabase, check_server, connect, migrate, migration_files, open_pool, provision
from shared.ids import uuid7
from shared.writer import Unavailable, Writer
from tests.shared.stores import as_worker, contiguous, event_of, member_of, records_of, store_on

Dsns = dict[str, str]


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    """A server of this file alone: its settings are changed and its processes killed."""
    with running("postgres") as server:
        yield server


@pytest.fixture(scope="module")
async def own(server: Running) -> Dsns:
    address, _, database = server.dsn().rpartition("/")
    dsns = {kind: login(address, f"academic_{kind}", PASSWORDS[kind], database) for kind in PASSWORDS}
    await provision(server.dsn(), "academic", PASSWORDS)
    await migrate(dsns["owner"], "academic")
    return {**dsns, "superuser": server.dsn()}


async def check(dsns: Dsns) -> int:
    async with await connect(dsns["api"], search_path="academic") as connection:
        return await check_server(connection)


async def superuser(dsns: Dsns, *statements: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsns["superuser"], autocommit=True) as connection:
        for statement in statements:
            await connection.execute(statement.encode())


async def test_G1_a_safe_server_is_taken(log: Dsns) -> None:
    assert await check(log) == 1


@pytest.mark.parametrize("setting", ["fsync", "full_page_writes", "synchronous_commit"])
async def test_G1_a_server_that_may_lose_what_it_acknowledged_is_refused(own: Dsns, setting: str) -> None:
    await superuser(own, f"ALTER SYSTEM SET {setting} = off", "SELECT pg_reload_conf()")
    try:
        async with await connect(own["superuser"]) as connection:
            while await shown(connection, setting) != "off":  # noqa: ASYNC110 - the server reloads when it likes
                await asyncio.sleep(0.01)
        with pytest.raises(UnsafeDatabase, match=setting):
            await check(own)
        with pytest.raises(UnsafeDatabase, match=setting):
            await Writer(own["api"], "academic").start()
    finally:
        await superuser(own, f"ALTER SYSTEM RESET {setting}", "SELECT pg_reload_conf()")


async def shown(connection: psycopg.AsyncConnection[tuple[object, ...]], setting: str) -> str:
    row = await (await connection.execute(f"SHOW {setting}".encode())).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize("name", ["POSTGRES_ENABLE_DB_FUNCTIONS", "ACADEMIC_POSTGRES_ENABLE_DB_FUNCTIONS"])
async def test_TRAP_ES1_a_variable_that_makes_the_library_miss_events_is_refused(
    log: Dsns, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "y")
    with pytest.raises(UnsafeDatabase, match=name):
        await check(log)


@pytest.mark.parametrize("column", ["system_identifier", "timeline_id"])
async def test_DS6_a_log_that_another_server_or_timeline_wrote_is_refused(empty_log: Dsns, column: str) -> None:
    await superuser(empty_log, f"UPDATE academic.event_log SET {column} = 'another'")
    with pytest.raises(UnsafeDatabase, match="rollbook generation"):
        await check(empty_log)


async def test_DS6_a_writer_that_comes_back_to_another_history_stores_nothing_there(empty_log: Dsns) -> None:
    ended = asyncio.Event()
    writer = Writer(empty_log["api"], "academic", die=ended.set)
    await writer.start()
    await superuser(
        empty_log,
        "UPDATE academic.event_log SET timeline_id = 'another'",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'academic_api'",
    )
    with pytest.raises(Unavailable) as refused:
        await writer.append(member_of(event_of(uuid7())))
    assert refused.value.unknown
    assert ended.is_set()
    await writer.stop()
    async with await as_worker(empty_log) as worker:
        assert await records_of(worker) == []


async def test_G10_a_pool_that_comes_back_to_another_history_reads_nothing_there(empty_log: Dsns) -> None:
    ended = asyncio.Event()
    async with open_pool(empty_log["api"], size=1, refused=ended.set) as pool:
        async with pool.connection() as connection:
            await connection.execute("SELECT 1")
        await superuser(
            empty_log,
            "UPDATE academic.event_log SET timeline_id = 'another'",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND usename = 'academic_api'",
        )
        with pytest.raises(psycopg.OperationalError):
            async with pool.connection() as connection:
                await connection.execute("SELECT 1")
        with pytest.raises(PoolTimeout):
            async with pool.connection():
                pass
    assert ended.is_set()


async def test_G14_a_reading_connection_asks_whether_its_server_is_still_there(empty_log: Dsns) -> None:
    """Nothing is sent while an answer is waited for, so that only these questions notice a server without a network."""
    async with open_pool(empty_log["api"], size=1) as pool, pool.connection() as connection:
        told = connection.info.get_parameters()
    assert {name: told.get(name) for name in ("keepalives_idle", "keepalives_interval", "keepalives_count")} == {
        "keepalives_idle": "2",
        "keepalives_interval": "1",
        "keepalives_count": "3",
    }


async def test_G10_saves_survive_a_crash_of_the_server(server: Running, own: Dsns) -> None:
    """SIGKILL, and the launcher starts it again: what waited meanwhile is stored, once."""
    tags = [f'"{uuid7()}"'.encode() for _ in range(200)]
    async with store_on(own["api"]) as store:
        waiting = []
        for number, tag in enumerate(tags):
            waiting.append(asyncio.create_task(store._writer.append(member_of(event_of(uuid7(), state=tag)))))
            if number == 50:
                await asyncio.gather(*waiting)
                server.kill("postgres")
            await asyncio.sleep(0)
        outcomes = {(await one).outcome for one in waiting}
    async with await as_worker(own) as worker:
        records = await records_of(worker)
    assert outcomes <= {"saved", "replayed"}
    assert contiguous(records)
    assert sorted(record.state for record in records) == sorted(tags)


async def test_G10_a_store_that_does_not_answer_ends_no_process_and_is_used_again_when_it_does(
    own: Dsns, server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.writer.GIVE_UP", 0.2)
    ended = asyncio.Event()
    writer = Writer(own["api"], "academic", die=ended.set)
    await writer.start()
    try:
        await superuser(
            own,
            "ALTER ROLE academic_api NOLOGIN",
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'academic_api'",
        )
        with pytest.raises(Unavailable) as refused:
            await writer.append(member_of(event_of(uuid7())))
    finally:
        await superuser(own, "ALTER ROLE academic_api LOGIN")
    assert refused.value.unknown
    assert (await writer.append(member_of(event_of(uuid7())))).outcome == "saved"
    assert not ended.is_set()
    await writer.stop()


async def test_R1_3_R4_38_an_edited_migration_is_refused(empty_log: Dsns) -> None:
    await superuser(empty_log, "UPDATE academic.migrations SET sha256 = 'edited'")
    with pytest.raises(UnsafeDatabase, match="was edited"):
        await migrate(empty_log["owner"], "academic")


async def test_R1_3_R4_38_migrations_that_ran_do_not_run_again(log: Dsns) -> None:
    assert await migrate(log["owner"], "academic") is False
    first, *_ = migration_files("academic")
    assert first[0] == "shared/0001_event_store.sql"
