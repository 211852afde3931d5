"""What a view cannot handle is parked with what lies behind it; the rest goes on; a retry gives the same rows."""

import secrets
from typing import Any, ClassVar, Literal
from uuid import UUID

import psycopg
import pytest
from prometheus_client import REGISTRY
from psycopg import sql

from infra.testing.harness import Running
from infra.testing.toy import Library, Shelf, add_book
from shared.builds import drop_build, make_build
from shared.calls import Saved
from shared.database import Connection, connect
from shared.ids import uuid7
from shared.log_feed import read_page
from shared.parking import Pointer
from shared.positions import Deposed
from shared.records import Record
from shared.views import Fact, Rows, Table, View, on
from tests.shared.readers import (
    catch_up,
    librarian,
    library,
    parked_of,
    reading_log,
    retry,
    rows_of,
    settle,
    shelf_with,
    titles_of,
)
from tests.shared.stores import call_of, event_of, member_of, new_shelf

SEEN = Table("seen", key=("tenant_id", "shelf_id"), columns={"tenant_id": "uuid", "shelf_id": "uuid", "title": "text"})


class Latest(View):
    """The newest book of each shelf: shelves do not depend on each other."""

    NAME = "latest"
    SOURCE = "academic"
    ORDER: ClassVar[Literal["tenant", "aggregate"]] = "aggregate"
    TABLES = (SEEN,)

    @on(Shelf.BookAdded)
    def added(self, fact: Fact[Shelf.BookAdded], rows: Rows) -> None:
        if fact.data.title == "Unreadable" and not Library.repaired:
            raise ValueError
        rows.put(SEEN, {"tenant_id": fact.tenant_id, "shelf_id": fact.aggregate_id, "title": fact.data.title})


async def shelf_row(town: Running, tenant_id: UUID, shelf_id: UUID, saved: Saved | None = None) -> Any:
    """What the API answers, asked with the token of this save."""
    headers = town.headers(tenant_id)
    if saved is not None:
        headers["Consistency-Token"] = saved.token.encode()
    return await town.client.get(f"/shelves/{shelf_id}", headers=headers)


async def test_G13_what_cannot_be_handled_parks_its_tenant_and_nobody_else(town: Running, worker: Connection) -> None:
    bad, good = uuid7(), uuid7()
    await settle(town, worker)
    build = await library(town, worker)
    first = await shelf_with(town, bad, "Emma", "Unreadable")
    later = await add_book(town.kernel.store, call_of(bad), first.id, "Persuasion")
    other = await shelf_with(town, good, "Sanditon")
    await settle(town, worker)
    failed, behind = first.token.position("academic", bad), later.token.position("academic", bad)
    assert await titles_of(worker, build, bad) == ["Emma"]
    assert await titles_of(worker, build, good) == ["Sanditon"]
    assert await parked_of(worker, bad) == [
        (build.schema, failed, "ValueError", 1, False),
        (build.schema, behind, "Waits", 1, False),
    ]
    assert await parked_of(worker, good) == []
    before = await shelf_row(town, bad, first.id)
    assert (before.status_code, before.json()["data"]["books"]) == (200, 1)
    for saved in (first, later):
        answer = await shelf_row(town, bad, first.id, saved)
        assert (answer.status_code, answer.json()["code"]) == (425, "view-parked")
    assert (await shelf_row(town, good, other.id, other)).status_code == 200


async def test_G13_the_metric_counts_the_parked_facts_of_each_consumer(town: Running, worker: Connection) -> None:
    build = await library(town, worker)

    def counted() -> float | None:
        return REGISTRY.get_sample_value("rollbook_parked_facts", {"consumer": build.schema, "source": "academic"})

    async def parked() -> int:
        cursor = await worker.execute("SELECT count(*) FROM parked WHERE consumer = %s", (build.schema,))
        [(number,)] = await cursor.fetchall()
        return int(number)

    before = await parked()
    async with librarian(town, worker) as reader:
        await shelf_with(town, uuid7(), "Unreadable", "Emma", "Persuasion")
        await catch_up(reader, worker)
        assert counted() == await parked() == before + 3
        async with reading_log(town.kernel, town.dsns["worker"], []):
            assert counted() == before + 3
    async with librarian(town, worker):
        assert counted() == before + 3


async def test_G21_what_was_parked_in_an_earlier_generation_holds_up_no_query(
    town: Running, worker: Connection
) -> None:
    tenant = uuid7()
    build = await library(town, worker)
    saved = await shelf_with(town, tenant, "Emma")
    await settle(town, worker)
    for generation, status in ((0, 200), (1, 425)):
        await worker.execute(
            "INSERT INTO parked (tenant_id, consumer, source, generation, partition, position, kafka_offset,"
            " aggregate_id, error_class, pointer) VALUES (%s, %s, 'academic', %s, 0, 1, -1, %s, 'ValueError', '')",
            (tenant, build.schema, generation, saved.id),
        )
        assert (await shelf_row(town, tenant, saved.id, saved)).status_code == status


async def test_G7_a_retry_by_a_reader_that_was_frozen_changes_nothing(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid7()
    build = await library(town, worker)
    saved = await shelf_with(town, tenant, "Unreadable")
    async with librarian(town, worker) as frozen, librarian(town, worker) as successor:
        monkeypatch.setattr(Library, "repaired", True)
        await worker.execute("UPDATE parked SET retry = true WHERE tenant_id = %s", (tenant,))

        async def meanwhile(pointer: Pointer) -> Record:
            await retry(successor, worker, build.schema)
            await add_book(town.kernel.store, call_of(tenant), saved.id, "Emma")
            await catch_up(successor, worker)
            return (await read_page(worker, pointer.position - 1, 1))[0]

        with pytest.raises(Deposed):
            await frozen.retry_parked(meanwhile)
    assert (await shelf_row(town, tenant, saved.id)).json()["data"]["books"] == 2


async def test_ET20_a_parked_row_holds_no_data_of_its_fact(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Unreadable", name="Secret")
    await settle(town, worker)
    cursor = await worker.execute("SELECT parked::text, pointer FROM parked WHERE tenant_id = %s", (tenant,))
    [(text, pointer)] = await cursor.fetchall()
    assert "Unreadable" not in text
    assert "Secret" not in text
    assert pointer == f"academic.book_added academic/1/0/{saved.token.position('academic', tenant)}"


async def test_ET20_a_retry_applies_what_waited_in_order(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid7()
    build = await library(town, worker)
    saved = await shelf_with(town, tenant, "Emma", "Unreadable", "Persuasion")
    await add_book(town.kernel.store, call_of(tenant), saved.id, "Sanditon")
    async with librarian(town, worker) as reader:
        await retry(reader, worker, build.schema)
        parked = await parked_of(worker, tenant)
        assert [row[2:] for row in parked] == [
            ("ValueError", 2, False),
            ("Waits", 1, False),
            ("Waits", 1, False),
        ]
        assert await titles_of(worker, build, tenant) == ["Emma"]
        monkeypatch.setattr(Library, "repaired", True)
        await retry(reader, worker, build.schema)
        assert await parked_of(worker, tenant) == []
        latest = await add_book(town.kernel.store, call_of(tenant), saved.id, "Lady Susan")
        await catch_up(reader, worker)
    titles = ["Emma", "Lady Susan", "Persuasion", "Sanditon", "Unreadable"]
    assert await titles_of(worker, build, tenant) == titles
    assert (await shelf_row(town, tenant, saved.id, latest)).json()["data"]["books"] == 5


async def test_ET20_what_was_parked_after_the_request_is_tried_with_the_rest(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy tenant: facts go on coming between the request and the retry."""
    tenant = uuid7()
    build = await library(town, worker)
    saved = await shelf_with(town, tenant, "Unreadable")
    async with librarian(town, worker) as reader:
        monkeypatch.setattr(Library, "repaired", True)
        await worker.execute("UPDATE parked SET retry = true WHERE tenant_id = %s", (tenant,))
        await add_book(town.kernel.store, call_of(tenant), saved.id, "Emma")
        await catch_up(reader, worker)
        await retry(reader, worker, "nobody")
    assert await parked_of(worker, tenant) == []
    assert await titles_of(worker, build, tenant) == ["Emma", "Unreadable"]


async def test_a_view_of_independent_aggregates_parks_one_aggregate(
    town: Running, worker: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = uuid7()
    bad = await shelf_with(town, tenant, "Emma", "Unreadable", "Persuasion")
    good = await shelf_with(town, tenant, "Sanditon", name="Poetry")
    build = await make_build(worker, "academic", Latest, 1)
    async with reading_log(town.kernel, town.dsns["worker"], [build]) as reader:
        await catch_up(reader, worker)
        assert sorted(await rows_of(worker, build, "seen", tenant)) == sorted(
            [(tenant, bad.id, "Emma"), (tenant, good.id, "Sanditon")]
        )
        monkeypatch.setattr(Library, "repaired", True)
        await retry(reader, worker, build.schema)
        assert await parked_of(worker, tenant) == []
        assert sorted(await rows_of(worker, build, "seen", tenant)) == sorted(
            [(tenant, bad.id, "Persuasion"), (tenant, good.id, "Sanditon")]
        )


async def test_unknown_facts_are_skipped_and_newer_ones_park(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    saved = await shelf_with(town, tenant, "Emma")
    [put, added] = [one for one in await read_page(worker, 0, 100_000) if one.aggregate_id == saved.id]
    unknown = member_of(event(tenant, "academic.of_tomorrow", put.state))
    state = added.state.replace(b'"class_version":2', b'"class_version":3')
    newer = member_of(event(tenant, "academic.book_added", state))
    for member in (unknown, newer):
        await town.kernel.store._writer.append(member)
    await settle(town, worker)
    assert [row[2] for row in await parked_of(worker, tenant)] == ["Undecodable"]


def event(tenant_id: UUID, topic: str, state: bytes) -> Any:
    return event_of(tenant_id, state=state)._replace(topic=topic)


async def test_G13_a_value_that_no_index_takes_parks_its_tenant_and_nobody_else(
    town: Running, worker: Connection
) -> None:
    """TRAP ES74: PostgreSQL reports it as an operational error."""
    bad, good = uuid7(), uuid7()
    await town.kernel.store.save(new_shelf(bad, secrets.token_urlsafe(9_000)), call=call_of(bad))
    saved = await shelf_with(town, good)
    build = await library(town, worker)
    await settle(town, worker)
    assert [row[2] for row in await parked_of(worker, bad)] == ["ProgramLimitExceeded"]
    assert [row[1] for row in await rows_of(worker, build, "shelves", good)] == [saved.id]


async def test_a_passing_fault_parks_nothing_and_stores_nothing(town: Running, worker: Connection) -> None:
    tenant = uuid7()
    build = await library(town, worker)
    async with librarian(town, worker) as reader:
        await shelf_with(town, tenant, "Emma")
        page = await read_page(worker, reader.lowest()[0].position, 100)
        async with worker.transaction():
            await worker.execute(
                sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(build.schema, "books"))
            )
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await reader.apply(page)
        assert await rows_of(worker, build, "shelves", tenant) == []
        await reader.start()
        await catch_up(reader, worker)
    assert await parked_of(worker, tenant) == []
    assert await titles_of(worker, build, tenant) == ["Emma"]


async def test_G13_a_build_that_is_dropped_while_it_is_followed_leaves_nothing_parked_in_the_metric(
    town: Running, worker: Connection
) -> None:
    build = await make_build(worker, "academic", Library, 1)
    async with reading_log(town.kernel, town.dsns["worker"], [build]) as reader:
        await catch_up(reader, worker)
        await shelf_with(town, uuid7(), "Emma")
        async with await connect(town.dsns["worker"], search_path="academic") as operator:
            await drop_build(operator, build)
        with pytest.raises(Deposed):
            await catch_up(reader, worker)
    labels = {"consumer": build.schema, "source": "academic"}
    assert REGISTRY.get_sample_value("rollbook_parked_facts", labels) == 0
