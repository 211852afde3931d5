"""Following the own log."""

import asyncio
from contextlib import suppress
from typing import cast

import pytest
from prometheus_client import REGISTRY

from infra.testing.harness import Running
from shared import log_feed
from shared.chain import Place
from shared.database import Connection, connect
from shared.ids import uuid7
from shared.reader import Reader
from shared.records import Record
from tests.shared.readers import librarian, library, parked_of, reading_log, shelf_with
from tests.shared.stores import append, event_of, member_of


class Tireless:
    """A reader for whom the log always has more."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.places = {"tireless": {0: Place(0)}}

    async def start(self) -> None: ...

    def lowest(self) -> dict[int, Place]:
        return {0: Place(0)}

    async def apply(self, records: list[Record]) -> int:
        return len(records) - 1

    async def retry_parked(self, fetch: object) -> None:
        self.asked.set()


async def test_ET20_a_log_that_never_rests_does_not_put_off_a_retry(
    town: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await shelf_with(town, uuid7(), "Emma")
    monkeypatch.setattr(log_feed, "RETRY_EVERY", 0.05, raising=False)
    reader = Tireless()
    async with await connect(town.dsns["worker"], search_path="academic") as connection:
        following = asyncio.create_task(log_feed.follow_log(cast(Reader, reader), connection, "academic"))
        async with asyncio.timeout(5):
            await reader.asked.wait()
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def test_DS6_a_reader_never_moves_back_onto_a_log_that_ends_before_it(town: Running, worker: Connection) -> None:
    """A store that was restored from a dump, while positions came from elsewhere."""
    await shelf_with(town, uuid7(), "Emma")
    build = await library(town, worker)
    async with librarian(town, worker) as reader:
        ahead = reader.places[build.schema][0].position + 1_000
    await worker.execute("UPDATE positions SET position = %s WHERE consumer = %s", (ahead, build.schema))
    async with reading_log(town.kernel, town.dsns["worker"], [build]) as reader:
        with pytest.raises(log_feed.StoreBehind):
            await log_feed.follow_log(reader, worker, "academic")
    cursor = await worker.execute("SELECT position FROM positions WHERE consumer = %s", (build.schema,))
    assert await cursor.fetchall() == [(ahead,)]


async def test_an_event_of_an_unknown_type_is_skipped_and_counted(toy: Running) -> None:
    tenant = uuid7()
    async with await connect(toy.dsns["api"], search_path="academic") as connection:
        await append(connection, member_of(event_of(tenant)._replace(topic="academic.unheard")))
    async with await connect(toy.dsns["worker"], search_path="academic") as worker, librarian(toy, worker):
        assert await parked_of(worker, tenant) == []
    labels = {"source": "academic", "reason": "unknown-type"}
    assert REGISTRY.get_sample_value("rollbook_skipped_records_total", labels) == 1
