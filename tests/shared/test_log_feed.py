"""Following the own log."""

import asyncio
from contextlib import suppress
from typing import cast

import pytest

from infra.testing.harness import Running
from shared import log_feed
from shared.chain import Place
from shared.database import connect
from shared.ids import uuid7
from shared.reader import Reader
from shared.records import Record
from tests.shared.readers import shelf_with


class Tireless:
    """A reader for whom the log always has more."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

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
