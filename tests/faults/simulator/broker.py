"""A stand-in for Kafka: partitions are lists. They may lose their tail or everything."""

import asyncio
from dataclasses import dataclass
from typing import Any

from aiokafka.errors import KafkaConnectionError

from shared.envelope import Headers
from tests.faults.simulator.loop import Process
from tests.faults.simulator.network import Network

PARTITIONS_HERE = 2


@dataclass(slots=True)
class Message:
    headers: Headers
    key: bytes
    value: bytes
    partition: int
    offset: int


@dataclass(frozen=True)
class Link:
    """What a process has in place of the broker's address."""

    broker: "Broker"
    network: Network
    process: Process


class Broker:
    def __init__(self) -> None:
        self.partitions: list[list[Message]] = [[] for _ in range(PARTITIONS_HERE)]
        self.away_until = 0.0
        self.late = 0
        self.changes = 0
        self._waiting: list[asyncio.Future[None]] = []

    def append(self, partition: int, records: list[tuple[bytes, bytes, Headers]]) -> int:
        messages = self.partitions[partition]
        base = len(messages)
        for offset, (key, value, headers) in enumerate(records, base):
            messages.append(Message(headers, key, value, partition, offset))
        self.wake()
        return base

    def wipe(self) -> None:
        """Kafka lost everything, and the topic is made anew."""
        for partition in self.partitions:
            partition.clear()
        self.wake()

    def lose_tail(self, partition: int, count: int) -> None:
        del self.partitions[partition][-count:]
        self.wake()

    def listen(self, future: "asyncio.Future[None]") -> None:
        self._waiting.append(future)

    def wake(self) -> None:
        self.changes += 1
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)


async def ask(link: Link) -> None:
    """One round trip to the broker. Raises KafkaError."""
    link.process.must_live()
    network = link.network
    delay = network.chances.latency() + max(0.0, link.broker.away_until - network.loop.now)
    fault = network.fault("look", link.process)
    if fault is not None:
        network.inject(fault, link.process.name)
        if fault == "broker-error":
            raise KafkaConnectionError("the broker does not answer")
        delay += network.chances.long()
    answer = network.loop.create_future()
    network.loop.serve_later(delay, settle, answer)
    await answer


def settle(future: "asyncio.Future[Any]") -> None:
    if not future.done():
        future.set_result(None)
