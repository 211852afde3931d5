"""A TCP proxy that cuts connections where a test wants it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum

from psycopg.conninfo import conninfo_to_dict, make_conninfo


class Cut(Enum):
    """What becomes of the request that holds the armed bytes: it is lost, its answer is lost, or its connection."""

    REQUEST = "request"
    ANSWER = "answer"
    CONNECTION = "connection"


class Proxy:
    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._target = conninfo_to_dict(dsn)
        self._armed: tuple[bytes, Cut, asyncio.Future[None]] | None = None
        self.dsn = ""
        self.cuts = 0

    def arm(self, needle: bytes, cut: Cut) -> asyncio.Future[None]:
        """Once: the next request that holds these bytes. Done when it is cut: its answer came, and is gone."""
        done = asyncio.get_running_loop().create_future()
        self._armed = (needle, cut, done)
        return done

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.dsn = make_conninfo(self._dsn, host="127.0.0.1", port=port)
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        up_reader, up_writer = await asyncio.open_connection(str(self._target["host"]), int(str(self._target["port"])))
        mute = asyncio.Event()
        down = asyncio.create_task(self._answer(up_reader, writer, mute))
        try:
            while data := await reader.read(65_536):
                cut, done = self._cut(data)
                if cut is Cut.ANSWER:
                    mute.set()
                if cut is not Cut.REQUEST:
                    up_writer.write(data)
                    await up_writer.drain()
                if cut is Cut.ANSWER:
                    await down
                if done is not None:
                    if not done.done():
                        done.set_result(None)
                    return
        except ConnectionError:
            return
        finally:
            down.cancel()
            for side in (writer, up_writer):
                side.close()

    def _cut(self, data: bytes) -> tuple[Cut, asyncio.Future[None]] | tuple[None, None]:
        if self._armed is None or self._armed[0] not in data:
            return None, None
        _, cut, done = self._armed
        self._armed = None
        self.cuts += 1
        return cut, done

    @staticmethod
    async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, mute: asyncio.Event) -> None:
        try:
            while data := await reader.read(65_536):
                if mute.is_set():
                    return
                writer.write(data)
                await writer.drain()
        except ConnectionError:
            return
        finally:
            writer.close()


@asynccontextmanager
async def proxied(dsn: str) -> AsyncIterator[Proxy]:
    proxy = Proxy(dsn)
    server = await proxy.start()
    try:
        yield proxy
    finally:
        server.close()
