"""The worker as a process: it leads, and ends at once when it is told to, whatever it was doing."""

import asyncio
import functools
import os
import secrets
import signal
import socket
import sys
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from infra.testing.harness import new_log
from infra.testing.toy import Notice, Shelf
from shared.chain import follow
from shared.codec import Codec
from shared.database import connect, open_pool
from shared.envelope import record_of
from shared.ids import uuid7
from shared.store import EventStore
from shared.topics import events_topic
from shared.writer import Writer
from tests.shared.kafkas import delete_topic, eventually, messages_of
from tests.shared.stores import call_of, new_shelf, records_of

CODE = """
import sys
from infra.testing.toy import Notice, Shelf, SERVICE, ToySettings
from shared.service import Service
from shared.worker import serve_worker
name = sys.argv[1]
serve_worker(SERVICE if name == "academic" else Service(name, (Shelf, Notice)), ToySettings())
"""
NOISE = ("Traceback", "was destroyed", "never retrieved", "Unclosed", "never awaited", "ResourceWarning")
LEFT_TO_THE_COLLECTOR = ("Unclosed AIOKafkaConnection", "Enable tracemalloc")
"""By a client that is stopped while it asks its first broker: the library holds that connection in a variable. The
interpreter may add a hint in a line of its own, to this warning as to any other."""


class Worker:
    """One process; `output` is what it said."""

    def __init__(self, name: str, dsn: str, kafka: str, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        (folder / "master.key").write_text(b64encode(secrets.token_bytes(32)).decode())
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "__init__.py").touch()
        root = Path(__file__).resolve().parents[2]
        self.name = name
        self.environment = {
            **os.environ,
            "PYTHONPATH": f"{root}:{root / 'services'}:{folder}",
            "PYTHONWARNINGS": "default",
            "PYTHONASYNCIODEBUG": "0",
            "TOY_WORKER_DSN": dsn,
            "TOY_KAFKA": kafka,
            "TOY_WORKER_PORT": str(self.port),
            "TOY_STATE": str(folder),
            "TOY_MASTER_KEY_FILE": str(folder / "master.key"),
        }
        self.output = ""

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", CODE, self.name),
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        self.reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.output += line.decode()

    async def said(self, text: str) -> bool:
        assert self.process.returncode is None, self.output
        return text in self.output

    async def stop(self) -> tuple[int | None, float]:
        """Exit status and seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(20):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
        await self.reading
        return self.process.returncode, loop.time() - began

    def noise(self) -> list[str]:
        lines = [line for line in self.output.splitlines() if not any(word in line for word in LEFT_TO_THE_COLLECTOR)]
        return [line for line in lines if any(word in line for word in NOISE)]


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[Worker]:
    await worker.start()
    try:
        yield worker
    finally:
        if worker.process.returncode is None:
            worker.process.kill()
            await worker.process.wait()
            await worker.reading


@pytest.fixture
async def service(postgres: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[dict[str, str]]:
    """The store of a service of this test alone; `name` is its name. Its roles go with it."""
    name = f"w{secrets.token_hex(5)}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    async with new_log(postgres, name) as dsns:
        yield {**dsns, "name": name}
    async with await psycopg.AsyncConnection.connect(postgres, autocommit=True) as connection:
        for kind in ("owner", "api", "worker", "append"):
            await connection.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(f"{name}_{kind}")))


@asynccontextmanager
async def storing(service: dict[str, str]) -> AsyncIterator[EventStore]:
    async with open_pool(service["api"], size=2) as pool:
        writer = Writer(service["api"], service["name"])
        await writer.start()
        try:
            yield EventStore(service["name"], pool, writer, Codec((Shelf, Notice)))
        finally:
            await writer.stop()


async def test_G9_a_worker_ends_in_the_middle_of_its_work_and_nothing_is_lost(
    service: dict[str, str], kafka: str, tmp_path: Path
) -> None:
    topic = events_topic(service["name"], 1)
    try:
        async with storing(service) as store, await connect(service["worker"], search_path=service["name"]) as reader:
            async with working(Worker(service["name"], service["worker"], kafka, tmp_path)) as worker:
                await eventually(functools.partial(worker.said, "leads relay"))
                saving = [store.save(new_shelf(uuid7()), call=call_of(uuid7())) for _ in range(400)]
                await asyncio.gather(*saving)
                status, seconds = await worker.stop()
            assert (status, worker.noise()) == (0, [])
            assert seconds < 10
            stored = await records_of(reader)

            async def all_sent() -> bool:
                arrived = [record_of(message) for message in await messages_of(kafka, topic)]
                return sorted(one.position for one in follow({}, arrived).fresh) == [one.position for one in stored]

            async with working(Worker(service["name"], service["worker"], kafka, tmp_path)) as worker:
                await eventually(all_sent)
    finally:
        await delete_topic(kafka, topic)


async def test_G9_a_worker_without_a_broker_ends_at_once(empty_log: dict[str, str], tmp_path: Path) -> None:
    async with working(Worker("academic", empty_log["worker"], "127.0.0.1:1", tmp_path)) as worker:
        for role in ("relay", "keys", "read billing"):
            await eventually(functools.partial(worker.said, role))
        await eventually(lambda: worker.said("relay failed and starts again"))
        await eventually(lambda: worker.said("is live"))
        status, seconds = await worker.stop()
    assert (status, worker.noise()) == (0, [])
    assert seconds < 10


async def test_G9_a_worker_whose_database_went_away_ends_in_time(service: dict[str, str], tmp_path: Path) -> None:
    async with (
        await psycopg.AsyncConnection.connect(service["superuser"], autocommit=True) as superuser,
        working(Worker(service["name"], service["worker"], "127.0.0.1:1", tmp_path)) as worker,
    ):
        await eventually(lambda: worker.said("leads clock"))
        role = sql.Identifier(f"{service['name']}_worker")
        await superuser.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(role))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", (f"{service['name']}_worker",)
        )
        await eventually(lambda: worker.said("leadership lost"))
        status, seconds = await worker.stop()
    assert (status, worker.noise()) == (0, [])
    assert seconds < 10


async def test_DS6_a_worker_does_not_start_on_another_history(service: dict[str, str], tmp_path: Path) -> None:
    async with await connect(service["superuser"], search_path=service["name"]) as superuser:
        await superuser.execute("UPDATE event_log SET timeline_id = 'another'")
    async with working(Worker(service["name"], service["worker"], "127.0.0.1:1", tmp_path)) as worker:
        async with asyncio.timeout(20):
            assert await worker.process.wait() != 0
        await worker.reading
    assert "rollbook generation" in worker.output
