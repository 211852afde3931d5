"""What stands in for the outside world: names of the kernel that lead there, swapped for the length of a run."""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch
from uuid import UUID

from shared.facts import Handler
from shared.tables import Table
from tests.faults.simulator.broker import PARTITIONS_HERE
from tests.faults.simulator.connection import Connection
from tests.faults.simulator.consumer import Consumer, Subscriber
from tests.faults.simulator.producer import Producer
from tests.faults.simulator.statements import Look, Write


class NoKeys:
    """Personal keys are not simulated."""

    def __init__(self, *_: Any) -> None: ...

    async def resume(self, _: Any) -> None: ...

    async def send(self) -> None: ...

    async def look(self, _: Any) -> None: ...

    async def beat(self) -> None: ...


class Hints:
    """A hint is heard at once."""

    def __init__(self, node: Any, _: str) -> None:
        self._node = node

    def start(self) -> None: ...

    def give(self) -> None:
        self._node.database.notify()

    async def stop(self) -> None: ...


class Drawn:
    """What the kernel draws by chance comes from the schedule's own source."""

    def __init__(self) -> None:
        self.rng = random.Random(0)
        self.ids = 0

    def begin(self, rng: random.Random) -> None:
        self.rng = rng
        self.ids = 0

    def uniform(self, low: float, high: float) -> float:
        return self.rng.uniform(low, high)

    def uuid7(self) -> UUID:
        self.ids += 1
        return UUID(int=self.ids)


DRAWN = Drawn()


async def connect(node: Any, **_: Any) -> Connection:
    return Connection(*node)


async def check_server(_: Any) -> int:
    return 1


@cache
def statement(schema: str, table: Table, kind: str, names: tuple[str, ...]) -> Write:
    return Write(schema, table, kind, names)


@cache
def selection(schema: str, table: Table) -> Look:
    return Look(schema, table)


SWAPS: dict[str, Any] = {
    "shared.writer.connect": connect,
    "shared.writer.check_server": check_server,
    "shared.writer.Hints": Hints,
    "shared.commands.random": DRAWN,
    "shared.codec.uuid7": DRAWN.uuid7,
    "shared.relay.AIOKafkaProducer": Producer,
    "shared.relay.KeyRelay": NoKeys,
    "shared.topics.AIOKafkaConsumer": Consumer,
    "shared.topic_feed.KafkaBroker": Subscriber,
    "shared.tables.statement": statement,
    "shared.tables.selection": selection,
    "shared.tables.array_literal": lambda values, _: values,
    "shared.facts.Handler.reader": cache(Handler.reader),
    # Smaller and shorter, so that a schedule is cheap: fewer partitions, and waits a tenth as long.
    **{f"shared.{name}.PARTITIONS": PARTITIONS_HERE for name in ("records", "tails", "topics", "topic_feed", "relay")},
    "shared.topic_feed.GAP_LIMIT": 3.0,
    "shared.topic_feed.STILL_LIMIT": 3.0,
    "shared.relay.LOOK_EVERY": 3.0,
    "shared.relay.WAIT": 1.0,
    "shared.log_feed.WAIT": 1.0,
}


@contextmanager
def swapped() -> Iterator[None]:
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    patches = [patch(name, value) for name, value in SWAPS.items()]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in reversed(patches):
            one.stop()
        logging.disable(disabled)
