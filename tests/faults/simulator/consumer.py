"""Stand-ins for consumers: the short look here and there, and the subscriber that hands batches to a feed."""

import asyncio
import functools
from collections.abc import Awaitable, Callable, Mapping
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition as Partition

from tests.faults.simulator.broker import Link, Message, ask

POLL = 0.3


class Consumer:
    """For `looking`: offsets that do not exist lead to the first record."""

    def __init__(self, *, bootstrap_servers: Link, **_: Any) -> None:
        self._link = bootstrap_servers
        self._at: dict[Partition, int] = {}

    async def start(self) -> None:
        await ask(self._link)

    async def stop(self) -> None:
        self._link.process.must_live()

    def assign(self, partitions: list[Partition]) -> None:
        self._at = dict.fromkeys(partitions, 0)

    async def beginning_offsets(self, partitions: list[Partition]) -> dict[Partition, int]:
        return dict.fromkeys(partitions, 0)

    async def end_offsets(self, partitions: list[Partition]) -> dict[Partition, int]:
        await ask(self._link)
        return {partition: len(self._log(partition)) for partition in partitions}

    def seek(self, partition: Partition, offset: int) -> None:
        self._at[partition] = offset

    async def seek_to_beginning(self, partition: Partition) -> None:
        self._at[partition] = 0

    async def position(self, partition: Partition) -> int:
        return self._at[partition]

    async def getone(self, partition: Partition) -> Message:
        while True:
            await ask(self._link)
            if found := self._take(partition, 1):
                return found[0]
            await asyncio.sleep(POLL)

    async def getmany(self, *partitions: Partition, timeout_ms: int) -> dict[Partition, list[Message]]:
        await ask(self._link)
        found = {partition: self._take(partition, 3) for partition in partitions or self._at}
        if found := {partition: messages for partition, messages in found.items() if messages}:
            return found
        await asyncio.sleep(timeout_ms / 1000)
        return {}

    def _log(self, partition: Partition) -> list[Message]:
        return self._link.broker.partitions[partition.partition]

    def _take(self, partition: Partition, count: int) -> list[Message]:
        log = self._log(partition)
        if self._at[partition] > len(log):
            self._at[partition] = 0
        found = log[self._at[partition] : self._at[partition] + count]
        self._at[partition] += len(found)
        return found


Handler = Callable[[Any], Awaitable[None]]


class Subscriber:
    """FastStream's broker with one batch subscriber, as `TopicFeed` uses it."""

    def __init__(self, link: Link, **_: Any) -> None:
        self._link = link
        self._chances = link.network.chances
        self._handler: Handler | None = None
        self._task: asyncio.Task[None] | None = None
        self.config = SimpleNamespace(broker_config=SimpleNamespace(builder=functools.partial(dict)))

    def subscriber(self, **_: Any) -> Callable[[Handler], None]:
        def subscribe(handler: Handler) -> None:
            self._handler = handler

        return subscribe

    async def connect(self) -> None:
        await ask(self._link)

    async def start(self) -> None:
        await ask(self._link)
        offsets: Mapping[Partition, int] = self.config.broker_config.builder.args[0]
        at = {partition.partition: offset for partition, offset in offsets.items()}
        self._task = asyncio.create_task(self._run(at))

    async def stop(self) -> None:
        self._link.process.must_live()
        if self._task is not None:
            self._task.cancel()

    async def _run(self, at: dict[int, int]) -> None:
        assert self._handler is not None
        network, process = self._link.network, self._link.process
        while True:
            process.must_live()
            batch = self._poll(at)
            if not batch:
                more = network.loop.create_future()
                self._link.broker.listen(more)
                await more
                continue
            fault = network.fault("fetch", process)
            await asyncio.sleep(self._chances.latency())
            if fault is not None:
                network.inject(fault, process.name)
                if fault == "stuck":
                    await network.loop.create_future()
                elif fault == "delay":
                    await asyncio.sleep(self._chances.long())
                else:
                    batch = self._disturbed(batch, fault)
            if batch:
                await self._handler(SimpleNamespace(raw_message=tuple(batch)))

    def _poll(self, at: dict[int, int]) -> list[Message]:
        batch: list[Message] = []
        if self._link.broker.away_until > self._link.network.loop.now:
            return batch
        room = self._chances.pick((1, 2, 5, 100))
        for n, offset in at.items():
            log = self._link.broker.partitions[n]
            start = 0 if offset > len(log) else offset
            found = log[start : start + room]
            at[n] = start + len(found)
            batch += found
        return batch

    def _disturbed(self, batch: list[Message], fault: str) -> list[Message]:
        if fault == "drop":
            del batch[int(self._chances.random() * len(batch))]
        elif fault == "duplicate":
            batch += batch[int(self._chances.random() * len(batch)) :]
        else:
            self._link.network.rng.shuffle(batch)
        return batch
