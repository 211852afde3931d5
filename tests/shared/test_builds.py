"""Builds: one beside the live one, flips there and back, analysts' views, and the worker that brings them live."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from infra.testing.harness import Running
from infra.testing.toy import Library, add_book
from shared.builds import (
    BehindLive,
    Build,
    BuildLive,
    BuildUnknown,
    builds_of,
    drop_build,
    ensure_builds,
    flip,
    make_build,
)
from shared.database import Connection, connect
from shared.following import Following
from shared.ids import uuid7
from shared.leader import Leadership
from shared.verifying import verify
from tests.shared.kafkas import eventually, leading
from tests.shared.readers import (
    catch_up,
    librarian,
    library,
    reading_log,
    rows_of,
    settings_of,
    settle,
    shelf_with,
    titles_of,
)
from tests.shared.stores import CODEC, call_of


@pytest.fixture
async def superuser(town: Running) -> AsyncIterator[Connection]:
    async with await connect(town.dsns["superuser"], search_path="academic") as connection:
        yield connection


async def position_of(connection: Connection, build: Build) -> int:
    cursor = await connection.execute("SELECT position FROM positions WHERE consumer = %s", (build.schema,))
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def differences(connection: Connection, build: Build) -> list[Any]:
    return [*await verify(connection, "academic", CODEC, build, 1, "")]


async def test_DS17_N7_a_build_beside_the_live_one_goes_live_and_back(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma", "Persuasion")
    await settle(town, worker)
    old = await library(town, worker)
    new = await make_build(worker, "academic", Library, 1)
    with pytest.raises(BehindLive):
        await flip(worker, "academic", new)
    async with reading_log(town.kernel, town.dsns["worker"], [old, new]) as reader:
        await catch_up(reader, worker)
        for build in (new, old, new):
            await flip(worker, "academic", build)
            assert (await library(town, worker)).number == build.number
            await add_book(town.kernel.store, call_of(tenant), saved.id, f"Volume {secrets.token_hex(4)}")
            await catch_up(reader, worker)
            async with town.kernel.reading(Library, tenant) as read:
                assert read.consumer == build.schema
                [row] = await read.rows("SELECT books FROM shelves WHERE tenant_id = %(tenant)s")
    assert row["books"] == 5
    assert await rows_of(worker, old, "books", tenant) == await rows_of(worker, new, "books", tenant)
    assert await differences(worker, new) == []
    await drop_build(worker, old)
    with pytest.raises(BuildLive, match="is live"):
        await drop_build(worker, new)
    cursor = await worker.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (old.schema,))
    assert await cursor.fetchone() is None


async def test_a_build_that_was_dropped_does_not_go_live(town: Running, worker: Connection) -> None:
    await settle(town, worker)
    live = await library(town, worker)
    gone = await make_build(worker, "academic", Library, 1)
    await drop_build(worker, gone)
    with pytest.raises(BuildUnknown, match="gone"):
        await flip(worker, "academic", gone)
    assert (await library(town, worker)).number == live.number


async def test_G17_N7_reads_across_flips_never_fail_and_never_go_back(town: Running, worker: Connection) -> None:
    """TRAP ES50: prepared statements of one pool meet both builds."""
    tenant = uuid7()
    saved = await shelf_with(town, tenant)
    await settle(town, worker)
    builds = [await library(town, worker), await make_build(worker, "academic", Library, 1)]
    done = asyncio.Event()

    async def look() -> list[int]:
        seen: list[int] = []
        while not done.is_set():
            async with town.kernel.reading(Library, tenant) as read:
                [row] = await read.rows("SELECT books FROM shelves WHERE tenant_id = %(tenant)s")
            seen.append(row["books"])
            await asyncio.sleep(0)
        return seen

    async with reading_log(town.kernel, town.dsns["worker"], builds) as reader:
        await catch_up(reader, worker)
        looking = [asyncio.create_task(look()) for _ in range(3)]
        for number in range(30):
            await add_book(town.kernel.store, call_of(tenant), saved.id, f"Volume {number}")
            await catch_up(reader, worker)
            await flip(worker, "academic", builds[number % 2])
        done.set()
        for seen in await asyncio.gather(*looking):
            assert len(seen) > 30
            assert seen == sorted(seen)


@asynccontextmanager
async def analyst(superuser: Connection, *tenants: UUID) -> AsyncIterator[Connection]:
    """Somebody who may read these tenants in the SQL views."""
    role = f"analyst_{secrets.token_hex(4)}"
    await superuser.execute(sql.SQL("CREATE ROLE {} IN ROLE analyst").format(sql.Identifier(role)))
    for tenant in tenants:
        await superuser.execute("INSERT INTO analyst_grants (tenant_id, role) VALUES (%s, %s)", (tenant, role))
    await superuser.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(role)))
    try:
        yield superuser
    finally:
        await superuser.execute("RESET ROLE")
        await superuser.execute("DELETE FROM analyst_grants WHERE role = %s", (role,))
        await superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))


async def test_TRAP_ES21_ES78_analysts_see_the_live_build_of_their_tenants(
    town: Running, worker: Connection, superuser: Connection
) -> None:
    ours, theirs = uuid7(), uuid7()
    for tenant in (ours, theirs):
        await shelf_with(town, tenant, "Emma")
    async with librarian(town, worker):
        old = await library(town, worker)
    new = await make_build(worker, "academic", Library, 1)
    async with reading_log(town.kernel, town.dsns["worker"], [new]) as reader:
        await catch_up(reader, worker)
    for build in (new, old, new):
        await flip(worker, "academic", build)
        cursor = await worker.execute(
            "SELECT DISTINCT view_schema || table_schema, reloptions::text FROM information_schema.view_table_usage"
            " JOIN pg_class ON oid = (quote_ident(view_schema) || '.' || quote_ident(view_name))::regclass"
            " WHERE view_schema = 'academic_views' AND table_name = 'books'"
        )
        assert await cursor.fetchall() == [(f"academic_views{build.schema}", "{security_invoker=true}")]
        async with analyst(superuser, ours) as reading:
            cursor = await reading.execute("SELECT tenant_id, title FROM academic_views.books")
            assert await cursor.fetchall() == [(ours, "Emma")]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await reading.execute("SELECT * FROM academic.events")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await reading.execute("DELETE FROM academic_views.books")
        async with analyst(superuser) as reading:
            cursor = await reading.execute("SELECT * FROM academic_views.books")
            assert await cursor.fetchall() == []


async def test_G17_an_analysts_long_query_holds_up_no_flip(
    town: Running, worker: Connection, superuser: Connection
) -> None:
    await settle(town, worker)
    new = await make_build(worker, "academic", Library, 1)
    async with reading_log(town.kernel, town.dsns["worker"], [await library(town, worker), new]) as reader:
        await catch_up(reader, worker)
    async with superuser.transaction():
        await superuser.execute("SELECT * FROM academic_views.books")
        async with asyncio.timeout(1):
            await flip(worker, "academic", new)
        assert (await library(town, worker)).number == new.number
    await flip(worker, "academic", new)
    assert await analysts_see(worker) == new.schema


async def analysts_see(connection: Connection) -> str:
    cursor = await connection.execute(
        "SELECT table_schema FROM information_schema.view_table_usage"
        " WHERE view_schema = 'academic_views' AND table_name = 'books'"
    )
    row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


@asynccontextmanager
async def following(toy: Running) -> AsyncIterator[Leadership]:
    """A worker that follows the own log."""
    role = Following(toy.kernel, settings_of(toy), "academic").run
    async with leading(toy.dsns["worker"], role, "read academic") as leadership:
        yield leadership


async def test_the_first_build_of_a_view_goes_live_by_itself(toy: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.following.LOOK_EVERY", 0.05)
    tenant = uuid7()
    await shelf_with(toy, tenant, "Emma")
    async with await connect(toy.dsns["worker"], search_path="academic") as worker:
        await worker.execute("UPDATE builds SET live = false")
        await drop_build(worker, next(one for one in await builds_of(worker, [Library])))

        async def is_live() -> bool:
            return any(one.live for one in await builds_of(worker, [Library]))

        async with following(toy):
            await eventually(is_live)
            assert await titles_of(worker, await library(toy, worker), tenant) == ["Emma"]
            second = await make_build(worker, "academic", Library, 1)

            async def has_caught_up() -> bool:
                return await position_of(worker, second) == await position_of(worker, await library(toy, worker))

            await eventually(has_caught_up)
            assert (await library(toy, worker)).number != second.number


async def test_a_first_build_goes_live_while_facts_go_on_coming(toy: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.following.LOOK_EVERY", 0.05)
    done = asyncio.Event()

    async def decide() -> None:
        while not done.is_set():
            await shelf_with(toy, uuid7())

    async with await connect(toy.dsns["worker"], search_path="academic") as worker:
        await worker.execute("UPDATE builds SET live = false")

        async def is_live() -> bool:
            return any(one.live for one in await builds_of(worker, [Library]))

        deciding = [asyncio.create_task(decide()) for _ in range(8)]
        async with following(toy):
            await eventually(is_live, within=10)
        done.set()
        await asyncio.gather(*deciding)


async def test_G2_a_follower_that_is_killed_again_and_again_loses_and_doubles_nothing(
    toy: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.leader.TRY_EVERY", 0.05)
    monkeypatch.setattr("shared.leader.BACK_OFF", (0.01, 0.02))
    tenants = [uuid7() for _ in range(5)]
    async with await connect(toy.dsns["superuser"], search_path="academic") as superuser, following(toy):

        async def kill() -> bool:
            cursor = await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = 'academic_worker' AND query ~ 'positions|LISTEN|notification_id|parked'"
            )
            return cursor.rowcount > 0

        for number in range(12):
            for tenant in tenants:
                await shelf_with(toy, tenant, "Emma", "Persuasion", name=f"Shelf {number}")
            await eventually(kill)
        cursor = await superuser.execute("SELECT max(notification_id) FROM events")
        [head] = await cursor.fetchone() or [0]
        async with await connect(toy.dsns["worker"], search_path="academic") as worker:
            build = await library(toy, worker)

            async def is_done() -> bool:
                with suppress(psycopg.OperationalError):
                    return await position_of(worker, build) == head
                return False

            await eventually(is_done)
            assert await differences(worker, build) == []
            cursor = await worker.execute(
                sql.SQL("SELECT count(*), sum(books) FROM {}").format(sql.Identifier(build.schema, "shelves"))
            )
            assert await cursor.fetchone() == (60, 120)


async def test_DS6_a_new_generation_gets_a_build_of_its_own(toy: Running) -> None:
    """The old build is of a history that was cut: it is not followed any further."""
    await shelf_with(toy, uuid7(), "Emma")
    async with await connect(toy.dsns["worker"], search_path="academic") as worker:
        old = await library(toy, worker)
        [new] = await ensure_builds(worker, "academic", [Library], 2)
        assert new.number != old.number
        async with reading_log(toy.kernel, toy.dsns["worker"], [new], generation=2) as reader:
            await catch_up(reader, worker)
        await flip(worker, "academic", new)
        assert [one.number for one in await ensure_builds(worker, "academic", [Library], 2)] == [new.number]
