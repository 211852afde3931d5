"""Waiting for consumers: one poller for all who wait, none when nobody does, and no connection held."""

import asyncio
import functools
from collections.abc import AsyncIterator

import pytest

from shared.database import Connection, Pool, connect, open_pool
from shared.freshness import Freshness, Positions
from shared.ids import uuid7
from tests.shared.kafkas import eventually
from tests.shared.stores import as_worker

Dsns = dict[str, str]


@pytest.fixture
async def pool(log: Dsns) -> AsyncIterator[Pool]:
    async with open_pool(log["api"], size=1) as pool:
        yield pool


@pytest.fixture
async def worker(log: Dsns) -> AsyncIterator[Connection]:
    async with await as_worker(log) as connection:
        yield connection


class Consumer:
    """A consumer of one partition, moved by the test."""

    def __init__(self, worker: Connection) -> None:
        self.worker = worker
        self.name = f"consumer {uuid7()}"

    async def move(self, position: int, generation: int = 1) -> None:
        await self.worker.execute(
            "INSERT INTO positions (consumer, source, generation, partition, position)"
            " VALUES (%s, 'academic', %s, 0, %s)"
            " ON CONFLICT (consumer, source, generation, partition) DO UPDATE SET position = excluded.position",
            (self.name, generation, position),
        )

    def at(self, positions: Positions) -> int:
        return positions.get((self.name, "academic", 0), 0)


def reached(consumer: Consumer, wanted: int, positions: Positions) -> bool:
    return consumer.at(positions) >= wanted


async def test_C32_many_wait_with_one_connection_and_one_poller(pool: Pool, worker: Connection) -> None:
    freshness, consumer = Freshness(pool), Consumer(worker)
    waiting = [asyncio.create_task(freshness.until(functools.partial(reached, consumer, n), 5)) for n in range(1, 101)]
    await asyncio.sleep(0)
    poller = freshness._poller
    assert poller is not None
    for position in (1, 50, 100):
        await consumer.move(position)
        assert all(await asyncio.gather(*waiting[:position]))
    assert freshness._poller is poller
    await asyncio.wait_for(poller, 1)
    assert not freshness._waiting


async def test_G21_the_wait_is_bounded_and_leaves_nothing_behind(pool: Pool, worker: Connection) -> None:
    freshness, loop = Freshness(pool), asyncio.get_running_loop()
    began = loop.time()
    assert not await freshness.until(lambda positions: False, 0.2)
    assert 0.19 <= loop.time() - began < 1
    given_up = asyncio.create_task(freshness.until(lambda positions: False, 60))
    await asyncio.sleep(0.02)
    given_up.cancel()
    await asyncio.wait([given_up])
    assert given_up.cancelled()
    assert freshness._poller is not None
    await asyncio.wait_for(freshness._poller, 1)


async def test_a_poller_survives_a_database_that_hangs_up(pool: Pool, worker: Connection, log: Dsns) -> None:
    freshness, consumer = Freshness(pool), Consumer(worker)
    waiting = asyncio.create_task(freshness.until(lambda positions: consumer.at(positions) >= 1, 10))
    async with await connect(log["superuser"]) as superuser:

        async def killed() -> bool:
            cursor = await superuser.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                " AND usename = 'academic_api' AND query LIKE '%%positions%%'",
                (),
            )
            return cursor.rowcount > 0

        await eventually(killed)
    await consumer.move(1)
    assert await waiting


async def test_the_newest_generation_counts(pool: Pool, worker: Connection) -> None:
    freshness, consumer = Freshness(pool), Consumer(worker)
    await consumer.move(100, generation=1)
    await consumer.move(3, generation=2)
    assert consumer.at(await freshness.positions()) == 3
