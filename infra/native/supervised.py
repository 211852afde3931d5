"""One child process kept alive: its lines go to a sink, a crash is followed by a restart with back-off."""

import asyncio
import os
import signal
import time
from collections import deque
from collections.abc import AsyncIterator, Callable

from infra.native.commands import Command, spawn

FIRST_DELAY = 0.2
LONGEST_DELAY = 15.0
CALM_AFTER = 20.0
LONGEST_LINE = 16_384


def delay_before(restart: int) -> float:
    """Seconds to wait before the n-th restart in a row, counted from 1."""
    return min(LONGEST_DELAY, FIRST_DELAY * 2.0 ** min(restart - 1, 16))


class Supervised:
    def __init__(
        self, command: Command, sink: Callable[[str, str], None], changed: Callable[[], None] = lambda: None
    ) -> None:
        self.command = command
        self.name = command.name
        self.last_lines: deque[str] = deque(maxlen=15)
        self.crashes = 0
        self._sink = sink
        self._changed = changed
        self._child: asyncio.subprocess.Process | None = None
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child is not None and self._child.returncode is None else None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_alive(), name=self.name)

    async def stop(self) -> None:
        """Ask, wait for the grace, then insist. A second call only waits."""
        if self._task is None:
            return
        self._stopping.set()
        self._signal(self.command.stop_with)
        try:
            await asyncio.wait_for(asyncio.shield(self._task), self.command.grace)
        except TimeoutError:
            self._say(f"did not stop within {self.command.grace:g} s and is killed")
            self.kill()
            await self._task

    def kill(self) -> None:
        if self.pid is not None:
            os.killpg(self.pid, signal.SIGKILL)

    async def _keep_alive(self) -> None:
        in_a_row = 0
        while not self._stopping.is_set():
            started = time.monotonic()
            status = await self._run()
            if self._stopping.is_set():
                return
            self.crashes += 1
            in_a_row = 1 if time.monotonic() - started > CALM_AFTER else in_a_row + 1
            delay = delay_before(in_a_row)
            self._say(f"ended with status {status}, starts again in {delay:g} s")
            await self._pause(delay)

    async def _run(self) -> int:
        self._child = await spawn(self.command)
        self._changed()
        if self._stopping.is_set():
            self._signal(self.command.stop_with)
        async for line in _lines(self._child):
            self.last_lines.append(line)
            self._sink(self.name, line)
        status = await self._child.wait()
        self._changed()
        return status

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self._stopping.wait(), seconds)
        except TimeoutError:
            return

    def _signal(self, which: signal.Signals) -> None:
        if self._child is not None and self._child.returncode is None:
            self._child.send_signal(which)

    def _say(self, text: str) -> None:
        self._sink(self.name, f"-- {self.name} {text}")


async def _lines(child: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """Lines of any length: a reader that refuses a long one would stop the child that wrote it."""
    stdout = child.stdout
    rest = b""
    while stdout is not None and (chunk := await stdout.read(65_536)):
        *whole, rest = (rest + chunk).split(b"\n")
        if len(rest) > LONGEST_LINE:
            whole, rest = [*whole, rest], b""
        for line in whole:
            yield line[:LONGEST_LINE].decode(errors="replace").rstrip("\r")
    if rest:
        yield rest.decode(errors="replace")
