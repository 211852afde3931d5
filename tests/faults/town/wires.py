"""Wires between the town's processes: TCP proxies that the harness cuts, holds, slows down and makes unreliable."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from psycopg.conninfo import make_conninfo

from infra.native.ports import HOST, Ports

Way = Literal["there", "back"]
FAULTS = ("cut", "hold", "hold-there", "hold-back", "slow", "thin", "resets")
"""Closed and refused; nothing passes (it is delivered late, as TCP does), also in one direction only; half a second for
every piece; 1 KB/s; one piece in fifty resets its connection."""
SLOW, THIN, PIECE, RESETS = 0.5, 1_024, 256, 0.02


class Wire:
    """Listens on `port` (any free one for 0) and passes everything on to `target`."""

    def __init__(self, target: int, rng: random.Random, port: int = 0) -> None:
        self.port = port
        self._target = target
        self._rng = rng
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._fault = ""
        self._passes = {"there": asyncio.Event(), "back": asyncio.Event()}

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        await self.heal()

    async def stop(self) -> None:
        await self.suffer("cut")

    def dsn(self, direct: str) -> str:
        return make_conninfo(direct, host=HOST, port=self.port)

    async def suffer(self, fault: str) -> None:
        self._fault = fault
        if fault in ("hold", "hold-there"):
            self._passes["there"].clear()
        if fault in ("hold", "hold-back"):
            self._passes["back"].clear()
        if fault == "cut" and self._server is not None:
            self._server.close()
            self._server = None
            for end in list(self._ends):
                end.transport.abort()

    async def heal(self) -> None:
        self._fault = ""
        for passes in self._passes.values():
            passes.set()
        if self._server is None:
            await self.start()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ends = {writer}
        self._ends.add(writer)
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._target)
            ends.add(far_writer)
            self._ends |= ends
            ways = [
                asyncio.create_task(self._pass("there", reader, far_writer)),
                asyncio.create_task(self._pass("back", far_reader, writer)),
            ]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
        except OSError:
            return
        finally:
            self._ends -= ends
            for end in ends:
                end.transport.abort()

    async def _pass(self, way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            await self._passes[way].wait()
            if self._fault == "resets" and self._rng.random() < RESETS:
                raise ConnectionResetError
            if self._fault == "slow":
                await asyncio.sleep(SLOW)
            while data and self._fault == "thin":
                writer.write(data[:PIECE])
                data = data[PIECE:]
                await asyncio.sleep(PIECE / THIN)
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def wired(targets: dict[str, int], ports: dict[str, int], rng: random.Random) -> AsyncIterator[dict[str, Wire]]:
    """Wires by name to these ports; `ports` says where some of them must listen."""
    wires = {name: Wire(target, rng, ports.get(name, 0)) for name, target in targets.items()}
    try:
        for wire in wires.values():
            await wire.start()
        yield wires
    finally:
        for wire in wires.values():
            await wire.stop()


def add_wired_listener(settings: Path, ports: Ports) -> None:
    """A second door of the broker: who asks there is sent to the port where a wire may lie. Later lines win."""
    with settings.open("a") as file:
        file.write(
            f"listeners=PLAINTEXT://{HOST}:{ports['kafka']},WIRED://{HOST}:{ports['kafka.wired']},"
            f"CONTROLLER://{HOST}:{ports['kafka.controller']}\n"
            f"advertised.listeners=PLAINTEXT://{HOST}:{ports['kafka']},WIRED://{HOST}:{ports['kafka.wire']}\n"
            "listener.security.protocol.map=PLAINTEXT:PLAINTEXT,WIRED:PLAINTEXT,CONTROLLER:PLAINTEXT\n"
        )
