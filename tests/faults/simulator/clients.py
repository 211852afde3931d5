"""Clients: they give commands, lose answers, send copies, and try again under the same key, or give up."""

import asyncio
from hashlib import sha256
from typing import Any
from uuid import UUID

from shared.calls import Actor, Call
from shared.store import Conflict, EventStore
from shared.writer import Unavailable
from tests.faults.simulator.appending import STAMP
from tests.faults.simulator.connection import Pool
from tests.faults.simulator.desk import ACADEMIC, note
from tests.faults.simulator.loop import Process
from tests.faults.simulator.world import CODECS, EXPECTED, World, opened

ANSWER_WITHIN = 20.0
TENANTS = (UUID(int=1), UUID(int=2), UUID(int=3))


def pad_of(tenant: UUID, number: int) -> UUID:
    return UUID(int=tenant.int + ((2 + number) << 64))


class Api:
    """An API process: it serves until it dies."""

    def __init__(self, world: World, name: str) -> None:
        self._world = world
        self._name = name
        self._store: EventStore | None = None
        self._process: Process | None = None
        world.start(name, self._main)

    async def _main(self, process: Process) -> None:
        world = self._world
        writer = world.writer(ACADEMIC, world.academic, process)
        while not await opened(writer):  # noqa: ASYNC110 - the database may be out of reach
            await asyncio.sleep(0.05)
        pool: Any = Pool(world.network, world.academic, process)
        self._store = EventStore("academic", pool, writer, CODECS["academic"])
        self._process = process

    def ask(self, call: Call, pad: UUID, tag: int, answer: "asyncio.Future[bool]") -> bool:
        """False when nobody serves."""
        if self._process is None or self._store is None or not self._process.alive:
            return False
        self._world.loop.spawn(self._process, self._serve(self._store, call, pad, tag, answer))
        return True

    async def _serve(self, store: EventStore, call: Call, pad: UUID, tag: int, answer: "asyncio.Future[bool]") -> None:
        try:
            await note(store, call, pad, tag)
        except (*EXPECTED, Unavailable, Conflict):
            done = False
        except Exception as error:  # noqa: BLE001 - whatever else a command raises is what is looked for
            self._world.oracle.wrong(f"{self._name}: {type(error).__name__} {error}")
            done = False
        else:
            done = True
        if not answer.done():
            answer.set_result(done)


class Client:
    """Lives outside of all processes. After `patience` tries it gives up: then the outcome is unknown."""

    def __init__(self, world: World, apis: list[Api], number: int) -> None:
        self._world = world
        self._apis = apis
        self._chances = world.chances
        self._number = number
        world.busy += 1
        world.clients.append(Process(f"client {number}"))
        world.loop.spawn(world.clients[-1], self._run())

    async def _run(self) -> None:
        for n in range(1 + int(self._chances.random() * 3)):
            await asyncio.sleep(self._chances.random() * 0.6)
            await self._command(self._number * 10 + n)
        self._world.busy -= 1

    async def _command(self, tag: int) -> None:
        world, chances = self._world, self._chances
        tenant = chances.pick(TENANTS)
        pad = pad_of(tenant, int(chances.random() * 2))
        keyed = chances.random() < 0.9
        deadline = world.loop.now + 5.0 if chances.random() < 0.5 else None
        key = sha256(b"%d" % tag).digest() if keyed else None
        ids = UUID(int=tag)
        call = Call(
            tenant_id=tenant, actor=Actor("user", "u"), now=STAMP, correlation_id=ids, key=key, kind="note",
            fingerprint=b"f", deadline=deadline,
        )  # fmt: skip
        world.oracle.tried.add(tag)
        patience = chances.pick((1, 3, 1000)) if keyed else 1
        for attempt in range(patience):
            if attempt:
                world.network.inject("retry", f"command {tag}")
            if await self._try(call, pad, tag):
                world.network.note(f"command {tag} is acknowledged")
                world.oracle.done.add(tag)
                return
            await asyncio.sleep(0.05 + chances.random() * 0.3)

    async def _try(self, call: Call, pad: UUID, tag: int) -> bool:
        world, chances = self._world, self._chances
        answer: asyncio.Future[bool] = world.loop.create_future()
        fault = chances.fault("answer", world.loop.now)
        if fault is not None and (call.key is not None or fault == "answer-lost"):
            world.network.inject(fault, f"command {tag}")
        if not chances.pick(self._apis).ask(call, pad, tag, answer):
            return False
        if fault == "copies" and call.key is not None:
            chances.pick(self._apis).ask(call, pad, tag, answer)
        if fault == "answer-lost":
            await asyncio.sleep(chances.random() * 0.1)
            return False
        handle = world.loop.call_later(ANSWER_WITHIN, answer.cancel)
        await asyncio.wait([answer])
        handle.cancel()
        return not answer.cancelled() and answer.result()
