"""A stand-in for an idempotent producer: one batch per partition in flight, more may be queued behind it."""

import asyncio
from collections import deque
from typing import Any, NamedTuple

from aiokafka.errors import KafkaConnectionError, ProducerClosed, RequestTimedOutError

from shared.envelope import Headers
from tests.faults.simulator.broker import Link, ask

RETRY_EVERY = 0.3


class Sent(NamedTuple):
    offset: int


class Batch:
    def __init__(self, room: int) -> None:
        self._room = room
        self.records: list[tuple[bytes, bytes, Headers]] = []
        self.future: asyncio.Future[Sent] | None = None

    def append(self, *, key: bytes, value: bytes, timestamp: int | None, headers: Headers) -> object | None:
        if len(self.records) == self._room:
            return None
        self.records.append((key, value, headers))
        return self.records

    def close(self) -> None:
        """Nothing more is appended."""

    def record_count(self) -> int:
        return len(self.records)


class Producer:
    room = 500

    def __init__(self, *, bootstrap_servers: Link, **_: Any) -> None:
        self._link = bootstrap_servers
        self._network = bootstrap_servers.network
        self._queues: dict[int, deque[Batch]] = {}
        self._refused: set[int] = set()
        self._aborted = False
        self._sender = self

    async def start(self) -> None:
        await ask(self._link)

    async def close(self) -> None:
        """The abort: what is queued is never sent. What is on its way may still arrive."""
        self._aborted = True

    async def stop(self) -> None:
        """Sends what is queued, unless it was aborted."""
        while not self._aborted and any(self._queues.values()):
            self._link.process.must_live()
            await asyncio.sleep(RETRY_EVERY)
        self._aborted = True

    def create_batch(self) -> Batch:
        return Batch(self.room)

    async def send_batch(self, batch: Batch, topic: str, *, partition: int) -> "asyncio.Future[Sent]":
        self._link.process.must_live()
        if self._aborted:
            raise ProducerClosed
        batch.future = self._network.loop.create_future()
        queue = self._queues.setdefault(partition, deque())
        queue.append(batch)
        if len(queue) == 1:
            self._send(partition)
        return batch.future

    def _send(self, partition: int) -> None:
        batch = self._queues[partition][0]
        delay = self._network.chances.latency()
        fault = self._network.fault("send", self._link.process)
        if fault is not None:
            self._network.inject(fault, f"{self._link.process.name}/{partition}")
        if fault == "late-batch":
            self._link.broker.late += 1
            self._network.loop.serve_later(delay + self._network.chances.long(), self._arrive_late, partition, batch)
            self._finish(partition, RequestTimedOutError("no answer"))
            return
        if fault == "delay":
            delay += self._network.chances.long()
        self._network.loop.serve_later(delay, self._arrive, partition, batch, fault)

    def _arrive_late(self, partition: int, batch: Batch) -> None:
        self._link.broker.late -= 1
        self._network.note(f"a late batch of {self._link.process.name} arrives in {partition}")
        self._link.broker.append(partition, batch.records)

    def _arrive(self, partition: int, batch: Batch, fault: str | None) -> None:
        if self._link.broker.away_until > self._network.loop.now:
            if not self._aborted and self._link.process.alive:
                self._network.loop.serve_later(RETRY_EVERY, self._arrive, partition, batch, fault)
            return
        if fault == "refused":
            self._refused.add(partition)
            self._finish(partition, KafkaConnectionError("refused"))
            return
        if partition in self._refused:
            self._network.inject("later-accepted", f"{self._link.process.name}/{partition}")
        offset = self._link.broker.append(partition, batch.records)
        self._finish(partition, RequestTimedOutError("no answer") if fault == "ack-lost" else Sent(offset))

    def _finish(self, partition: int, outcome: Exception | Sent) -> None:
        queue = self._queues[partition]
        future = queue.popleft().future
        if future is not None and not future.done():
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if queue and not self._aborted and self._link.process.alive:
            self._send(partition)
