"""One schedule: which processes there are, what they run, what goes wrong beside them, and when all must be well."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from types import SimpleNamespace
from typing import Any, NamedTuple, cast

import psycopg
from aiokafka.errors import KafkaError

from shared.builds import Build
from shared.codec import Codec
from shared.kernel import Kernel
from shared.log_feed import follow_log
from shared.positions import Deposed
from shared.reader import Reader
from shared.relay import Relay, TopicChanged
from shared.service import Service
from shared.store import EventStore
from shared.topic_feed import GapOpen, Stuck, TopicFeed
from shared.writer import Unavailable, Writer
from tests.faults.simulator.broker import PARTITIONS_HERE, Broker, Link
from tests.faults.simulator.chances import Chances
from tests.faults.simulator.connection import Connection, Pool
from tests.faults.simulator.database import Database
from tests.faults.simulator.desk import ACADEMIC, BILLING
from tests.faults.simulator.loop import Process, VirtualLoop
from tests.faults.simulator.network import Network
from tests.faults.simulator.oracle import Oracle, Reading

HEALED_WITHIN = 240.0
CODECS = {service.name: Codec(service.aggregates) for service in (ACADEMIC, BILLING)}
EXPECTED = (psycopg.Error, KafkaError, TopicChanged, Deposed, GapOpen, Stuck, Unavailable, OSError, TimeoutError)

Main = Callable[[Process], Coroutine[Any, Any, None]]


class Node(NamedTuple):
    """What a process has in place of a DSN."""

    network: Network
    database: Database
    process: Process


class World:
    def __init__(self, chances: Chances) -> None:
        self.chances = chances
        self.loop = VirtualLoop()
        self.network = Network(self.loop, chances, self._died)
        self.academic = Database(self.loop, "academic")
        self.billing = Database(self.loop, "billing")
        self.broker = Broker()
        self.oracle = Oracle([], None)
        self.academic.on_commit = self.billing.on_commit = self.oracle.committed
        self.mains: dict[str, Main] = {}
        self.alive: dict[str, Process] = {}
        self.clients: list[Process] = []
        self.busy = 0
        self._judged = -1

    # Processes

    def start(self, name: str, main: Main) -> None:
        self.mains[name] = main
        self._start(name)

    def _start(self, name: str) -> None:
        if name in self.mains:
            process = self.alive[name] = Process(name)
            self.loop.spawn(process, self.mains[name](process))

    def _died(self, process: Process) -> None:
        del self.alive[process.name]
        self.loop.serve_later(0.05 + self.chances.random(), self._start, process.name)

    def stop(self, name: str) -> None:
        """For good: another process holds its lock now."""
        if self.mains.pop(name, None) is not None and name in self.alive:
            self.network.kill(self.alive[name])

    async def keep(self, process: Process, role: Callable[[], Awaitable[None]]) -> None:
        """As a leader does it: a role that fails starts again."""
        while True:
            try:
                await role()
            except EXPECTED as error:
                self.network.note(f"{process.name}: {type(error).__name__} {error}")
            except Exception as error:  # noqa: BLE001 - whatever else a role raises is what is looked for
                self.oracle.wrong(f"{process.name}: {type(error).__name__} {error}")
                return
            await asyncio.sleep(0.05 + self.chances.random() * 0.2)

    # Roles

    def kernel(self, service: Service, database: Database, process: Process, writer: Writer) -> Kernel:
        pool: Any = Pool(self.network, database, process)
        codec = CODECS[service.name]
        store = EventStore(service.name, pool, writer, codec)
        return cast(Kernel, SimpleNamespace(service=service, codec=codec, store=store))

    def writer(self, service: Service, database: Database, process: Process) -> Writer:
        node: Any = Node(self.network, database, process)
        return Writer(node, service.name, die=lambda: self.network.kill(process))

    def relay(self, kind: type[Relay] = Relay) -> Main:
        async def main(process: Process) -> None:
            async def role() -> None:
                held: Any = Connection(self.network, self.academic, process)
                listener: Any = Connection(self.network, self.academic, process)
                link: Any = Link(self.broker, self.network, process)
                async with held, listener:
                    await kind(cast(Any, SimpleNamespace(connection=held)), listener, "academic", 1, link).run()

            await self.keep(process, role)

        return main

    def reader(
        self, service: Service, database: Database, builds: tuple[str, ...], reactions: bool, *, own: bool
    ) -> Main:
        """Follows academic: its own log, or its topic."""

        async def main(process: Process) -> None:
            writer = self.writer(service, database, process)
            if reactions:
                while not await opened(writer):  # noqa: ASYNC110 - the database may be out of reach
                    await asyncio.sleep(0.05)
            kernel = self.kernel(service, database, process, writer)
            view = service.views[0]
            made = [Build(n, view, schema, live=False) for n, schema in enumerate(builds)]

            async def role() -> None:
                async with Connection(self.network, database, process) as held:
                    connection: Any = held
                    reader = Reader(kernel, connection, "academic", 1, made, service.reactions if reactions else ())
                    if own:
                        await follow_log(reader, connection, "academic")
                    else:
                        link: Any = Link(self.broker, self.network, process)
                        await TopicFeed(link, reader).run()

            await self.keep(process, role)

        for consumer in (*builds, *(one.name for one in service.reactions if reactions)):
            reading = Reading(consumer, database, self.academic.log, own, view=consumer in builds)
            if reading not in self.oracle.readings:
                self.oracle.readings.append(reading)
                for n in range(1 if own else PARTITIONS_HERE):
                    row = {"consumer": consumer, "source": "academic", "generation": 1, "partition": n}
                    database.table("positions")[tuple(row.values())] = row | {"position": 0, "kafka_offset": -1}
        return main

    # Healing

    def healed(self) -> bool:
        """Asked whenever time moves."""
        if self.oracle.found:
            return True
        if self.loop.now <= self.chances.until or self.busy:
            return False
        state = self.academic.changes + self.billing.changes + self.broker.changes
        late = self.academic.late + self.billing.late + self.broker.late
        if late or state == self._judged:
            return False
        self._judged = state
        return all(reading.caught_up() for reading in self.oracle.readings) and self.oracle.published(self.academic.log)

    def run(self) -> list[str]:
        if not self.loop.run(self.healed, self.chances.until + HEALED_WITHIN):
            self.oracle.wrong("not healed")
        self.oracle.at_the_end(self.academic.log)
        self.mains.clear()
        for process in [*self.alive.values(), *self.clients]:
            process.alive = False
            self.loop.thaw(process)
            for task in process.tasks:
                task.cancel()
        self.loop.drain()
        return self.oracle.found


async def opened(writer: Writer) -> bool:
    try:
        await writer.start()
    except EXPECTED:
        return False
    return True
