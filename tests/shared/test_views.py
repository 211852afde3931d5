"""Views of the own log: folded, parked where a fact cannot be handled, read at a known place."""

import asyncio
from typing import Any
from uuid import UUID

import psycopg
import pytest

from infra.testing.harness import Running
from infra.testing.toy import BOOKS, SHELVES, Shelf
from shared.calls import Saved
from shared.database import Connection, connect
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.positions import Deposed
from shared.reader import HistoryGap
from shared.views import Fact, Rows, View, on
from tests.shared.readers import (
    catch_up,
    library,
    reading_log,
    rows_of,
    settle,
    shelf_with,
    titles_of,
)


async def shelf_row(town: Running, tenant_id: UUID, shelf_id: UUID, saved: Saved | None = None) -> Any:
    """What the API answers, asked with the token of this save."""
    headers = town.headers(tenant_id)
    if saved is not None:
        headers["Consistency-Token"] = saved.token.encode()
    return await town.client.get(f"/shelves/{shelf_id}", headers=headers)


async def test_DS12_a_view_shows_what_was_decided(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma", "Persuasion")
    await settle(town, worker)
    answer = await shelf_row(town, tenant, saved.id, saved)
    assert answer.json()["data"] == {"shelf_id": str(saved.id), "name": "Fiction", "books": 2}
    assert answer.json()["meta"]["position"] >= saved.token.position("academic", tenant)
    assert await titles_of(worker, await library(town, worker), tenant) == ["Emma", "Persuasion"]


async def test_S1_a_view_shows_nothing_of_another_tenant(town: Running, worker: Connection) -> None:
    saved = await shelf_with(town, uuid7())
    await settle(town, worker)
    theirs, unknown = await shelf_row(town, uuid7(), saved.id), await shelf_row(town, uuid7(), uuid7())
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not-found")
    assert theirs.json()["detail"] == unknown.json()["detail"]


async def test_S1_R4_16_row_level_security_alone_shows_one_tenant_of_a_view(town: Running, worker: Connection) -> None:
    ours, theirs = uuid7(), uuid7()
    for tenant in (ours, theirs):
        await shelf_with(town, tenant, "Emma")
    await settle(town, worker)
    build = await library(town, worker)
    async with await connect(town.dsns["api"], search_path=f"{build.schema},academic") as api:
        with pytest.raises(psycopg.Error, match="rollbook"):
            await api.execute("SELECT * FROM books")
        for tenant in (ours, theirs):
            await api.execute("SELECT set_config('rollbook.tenant', %s, false)", (str(tenant),))
            cursor = await api.execute("SELECT DISTINCT tenant_id FROM books")
            assert await cursor.fetchall() == [(tenant,)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await api.execute("DELETE FROM books")


async def test_C32_a_query_waits_for_its_token(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma")
    asking = asyncio.create_task(shelf_row(town, tenant, saved.id, saved))
    async with asyncio.timeout(2):
        while not town.client or not waiting(town):  # noqa: ASYNC110 - the waiters have no event of their own
            await asyncio.sleep(0)
    await settle(town, worker)
    answer = await asking
    assert answer.status_code == 200
    assert answer.json()["data"]["books"] == 1


def waiting(town: Running) -> int:
    transport: Any = town.client._transport
    return len(transport.app.state.kernel.freshness._waiting)


async def test_G21_a_query_whose_token_is_not_reached_is_told_so_in_time(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma")
    async with asyncio.timeout(4):
        answer = await shelf_row(town, tenant, saved.id, saved)
    assert (answer.status_code, answer.json()["code"]) == (425, "view-behind")
    assert answer.headers["retry-after"] == "1"
    assert waiting(town) == 0
    await settle(town, worker)
    assert (await shelf_row(town, tenant, saved.id, saved)).status_code == 200


async def test_G8_of_two_readers_of_one_build_the_second_applies_nothing(town: Running, worker: Connection) -> None:
    await settle(town, worker)
    tenant = uuid7()
    build = await library(town, worker)
    async with (
        reading_log(town.kernel, town.dsns["worker"], [build]) as first,
        reading_log(town.kernel, town.dsns["worker"], [build]) as second,
    ):
        saved = await shelf_with(town, tenant, "Emma")
        page = await read_page(worker, first.lowest()[0].position, 100)
        await first.apply(page)
        rows = await rows_of(worker, build, "shelves", tenant)
        await shelf_with(town, uuid7())
        with pytest.raises(Deposed):
            await second.apply(await read_page(worker, second.lowest()[0].position, 100))
        assert await rows_of(worker, build, "shelves", tenant) == rows
        await second.start()
        assert second.lowest()[0].position == page[-1].position
        await catch_up(second, worker)
    assert [row[3] for row in rows] == [1]
    assert saved.version == 2


async def test_a_missing_position_of_the_own_log_is_never_skipped(town: Running, worker: Connection) -> None:
    build = await library(town, worker)
    async with reading_log(town.kernel, town.dsns["worker"], [build]) as reader:
        await catch_up(reader, worker)
        await shelf_with(town, uuid7(), "Emma")
        page = await read_page(worker, reader.lowest()[0].position, 100)
        with pytest.raises(HistoryGap):
            await reader.apply(page[1:])
        await catch_up(reader, worker)


def test_a_view_takes_each_fact_once_and_from_its_source() -> None:
    with pytest.raises(TypeError, match=r"academic\.shelf_broken"):

        class Twice(View):
            NAME = "twice"
            SOURCE = "academic"
            TABLES = (BOOKS,)

            @on(Shelf.Broken)
            def one(self, fact: Fact[Shelf.Broken], rows: Rows) -> None: ...

            @on(Shelf.Broken)
            def two(self, fact: Fact[Shelf.Broken], rows: Rows) -> None: ...

    with pytest.raises(TypeError, match=r"academic\.shelf_broken"):

        class Elsewhere(View):
            NAME = "elsewhere"
            SOURCE = "billing"
            TABLES = (SHELVES,)

            @on(Shelf.Broken)
            def one(self, fact: Fact[Shelf.Broken], rows: Rows) -> None: ...
