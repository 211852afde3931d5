"""PostgreSQL and Kafka as the launcher starts them: data kept, crashes survived, nothing left behind."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from infra.native.running import Running
from infra.native.state import State


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("state")
    yield folder
    State(folder).forget()


@contextlib.contextmanager
def started(parts: str, folder: Path) -> Iterator[Running]:
    it = Running("postgres" if parts == "postgres" else "servers", folder)
    it.start()
    try:
        yield it
    finally:
        assert it.stop() == 0


async def test_a_second_start_on_other_ports_keeps_the_data(folder: Path) -> None:
    with started("servers", folder) as first:
        with psycopg.connect(first.dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await with_topics(first.kafka, make="kept")
        port = first.ports["postgres"]
    with started("servers", folder) as second:
        assert second.ports["postgres"] != port
        with psycopg.connect(second.dsn()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]
            assert connection.execute("SHOW fsync").fetchone() == ("on",)
        assert "kept" in await with_topics(second.kafka)


async def test_killed_servers_come_back_with_what_they_had(folder: Path) -> None:
    with started("servers", folder) as servers:
        with psycopg.connect(servers.dsn()) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        await with_topics(servers.kafka, make="kept")
        for name in ("postgres", "kafka"):
            servers.wait_restarted(name, servers.kill(name))
        with psycopg.connect(servers.dsn()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchall() == [(42,)]
        assert "kept" in await with_topics(servers.kafka)


def test_nothing_is_left_when_the_launcher_is_killed(folder: Path) -> None:
    servers = Running("servers", folder)
    servers.start()
    pids = servers.pids
    launcher = State(folder).running()["launcher"]
    os.kill(launcher, signal.SIGKILL)
    deadline = time.monotonic() + 15
    while [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]:
        assert time.monotonic() < deadline, f"still there: {pids}"
        time.sleep(0.05)
    servers.stop()
    with started("postgres", folder) as again, psycopg.connect(again.dsn()) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


async def with_topics(bootstrap: str, make: str | None = None) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        if make is not None:
            await admin.create_topics([NewTopic(make, 1, 1)])
        topics: list[str] = await admin.list_topics()
    finally:
        await admin.close()
    return topics
