"""All child processes of the product: started in order of readiness, kept alive, stopped in the reverse order."""

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Sequence

from infra.native import kafka, postgres
from infra.native.commands import Command, run_once
from infra.native.nine import Nine
from infra.native.output import Output
from infra.native.ports import SERVICES, Ports
from infra.native.probes import http_ok, until_ready
from infra.native.state import State
from infra.native.supervised import Supervised

Answers = Callable[[], Awaitable[bool]]
SERVERS = ("postgres", "kafka")
APIS = tuple(f"{service}.api" for service in SERVICES)
WORKERS = tuple(f"{service}.worker" for service in SERVICES)
STOP_ORDER = (("gateway",), APIS, WORKERS, ("inbox", "kafka"), ("postgres",))
SERVER_SECONDS = 90.0
SERVICE_SECONDS = 120.0


class Fleet:
    def __init__(self, state: State, ports: Ports, output: Output) -> None:
        self.state = state
        self.ports = ports
        self._output = output
        self._children: dict[str, Supervised] = {}
        self._probes: dict[str, Answers] = {}
        self._told_ready: dict[str, int] = {}
        self._watch: asyncio.Task[None] | None = None

    async def start_servers(self, parts: Sequence[str]) -> None:
        starts = {"postgres": self._start_postgres, "kafka": self._start_kafka}
        async with asyncio.TaskGroup() as group:
            for part in parts:
                group.create_task(starts[part]())

    async def start_all(self) -> None:
        """The preparation waits for both servers by itself, so its own start overlaps with theirs."""
        nine = Nine(self.state, self.ports)
        async with asyncio.TaskGroup() as group:
            group.create_task(self.start_servers(SERVERS))
            group.create_task(run_once(nine.bootstrap(), "The database and topics could not be prepared"))
        for service in SERVICES:
            self._start(nine.api(service), self._readiness(f"{service}.api"))
            self._start(nine.worker(service), self._readiness(f"{service}.worker"))
        self._start(nine.gateway(), self._readiness("gateway"))
        self._start(nine.inbox(), self._readiness("inbox"))
        for name in (*APIS, *WORKERS, "gateway", "inbox"):
            await self._until_ready(name, SERVICE_SECONDS)

    def watch(self) -> None:
        """From now on the state folder says at any time what runs and whether all of it is ready."""
        self._watch = asyncio.create_task(self._keep_telling())
        self._tell()

    async def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        for names in STOP_ORDER:
            await asyncio.gather(*(self._children[name].stop() for name in names if name in self._children))
        self.state.forget_running()

    def kill(self) -> None:
        for child in self._children.values():
            child.kill()

    async def _start_postgres(self) -> None:
        data = await postgres.prepare(self.state)
        password = self.state.passwords(postgres.SUPERUSER)[postgres.SUPERUSER]
        server = postgres.dsn(self.ports["postgres"], password, database=postgres.SUPERUSER)
        self._start(postgres.command(data, self.ports["postgres"]), lambda: postgres.answers(server, data))
        await self._until_ready("postgres", SERVER_SECONDS)
        await postgres.make_database(server)

    async def _start_kafka(self) -> None:
        command = await kafka.prepare(self.state, self.ports)
        self._start(command, lambda: kafka.answers(kafka.bootstrap(self.ports)))
        await self._until_ready("kafka", SERVER_SECONDS)

    def _readiness(self, name: str) -> Answers:
        return lambda: http_ok(self.ports[name], "/readyz")

    def _start(self, command: Command, answers: Answers) -> None:
        child = Supervised(command, self._output.write, self._tell)
        self._children[command.name] = child
        self._probes[command.name] = answers
        child.start()

    async def _until_ready(self, name: str, seconds: float) -> None:
        child = self._children[name]
        await until_ready(child, self._probes[name], seconds)
        if child.pid is not None:
            self._told_ready[name] = child.pid
            self._tell()

    async def _keep_telling(self) -> None:
        """A process that was started again is asked again."""
        while True:
            for name, child in self._children.items():
                pid = child.pid
                if pid is not None and self._told_ready.get(name) != pid and await self._probes[name]():
                    self._told_ready[name] = pid
                    self._tell()
            await asyncio.sleep(0.1)

    def _tell(self) -> None:
        pids = {name: child.pid for name, child in self._children.items() if child.pid is not None}
        ready = bool(self._watch) and all(
            pids.get(name) is not None and self._told_ready.get(name) == pids[name] for name in self._children
        )
        self.state.write_running({"launcher": os.getpid(), "ready": ready, "ports": self.ports.of, "processes": pids})
