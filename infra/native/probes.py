"""Waiting until a child answers, or saying which one does not and why."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from infra.native.ports import HOST
from infra.native.problems import CannotStart
from infra.native.supervised import Supervised

MOST_CRASHES = 3


async def until_ready(
    child: Supervised, answers: Callable[[], Awaitable[bool]], seconds: float, pause: float = 0.05
) -> None:
    deadline = time.monotonic() + seconds
    while child.pid is None or not await answers():
        if child.crashes >= MOST_CRASHES:
            raise CannotStart(_with_last_lines(child, f"{child.name} ended {child.crashes} times while starting"))
        if time.monotonic() > deadline:
            raise CannotStart(_with_last_lines(child, f"{child.name} was not ready after {seconds:g} s"))
        await asyncio.sleep(pause)


async def http_ok(port: int, path: str) -> bool:
    try:
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection(HOST, port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: {HOST}:{port}\r\nConnection: close\r\n\r\n".encode())
                status = await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
    return status.split(b" ")[1:2] == [b"200"]


async def tcp_open(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    return True


def _with_last_lines(child: Supervised, what: str) -> str:
    lines = "\n".join(f"    {line}" for line in child.last_lines) or "    (it wrote nothing)"
    return f"{what}. Its last lines:\n{lines}"
