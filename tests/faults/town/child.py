"""A process of the town, under the harness's hand: killed, frozen, stopped, and started again when it is told to."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from signal import SIGCONT, SIGKILL, Signals

from infra.native.commands import Command, spawn

PATIENCE = 180.0
"""Seconds for a start on a machine that others use too."""

Answers = Callable[[], Awaitable[bool]]


def family(pid: int) -> list[int]:
    """The process and its descendants."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


class Child:
    """Comes back by itself after `away` seconds, unless it was stopped."""

    def __init__(self, command: Command, answers: Answers, log: Path) -> None:
        self.command = command
        self.away = 0.0
        self.exits: list[int] = []
        self._answers = answers
        self._log = log
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted = False
        self._unwanted = asyncio.Event()

    @property
    def name(self) -> str:
        return self.command.name

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    async def start(self, within: float = PATIENCE) -> None:
        self.begin()
        await self.ready(within)

    def begin(self) -> None:
        self._wanted = True
        self._unwanted.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._keep(), name=self.name)

    async def ready(self, within: float = PATIENCE) -> float:
        """Seconds until the process that runs now answers."""
        began = time.monotonic()
        while self.pid is None or not await self._answers():
            if time.monotonic() - began > within:
                raise AssertionError(f"{self.name} was not ready after {within:g} s; see {self._log}")
            await asyncio.sleep(0.02)
        return time.monotonic() - began

    @property
    def said(self) -> str:
        """Its log."""
        return self._log.read_text(errors="replace")

    def signal(self, which: Signals) -> None:
        """To the process and all it started: PostgreSQL's are in groups of their own."""
        if self.pid is not None:
            for pid in family(self.pid):
                with suppress(ProcessLookupError):
                    os.kill(pid, which)

    async def kill(self, away: float = 0.0) -> None:
        """SIGKILL to the process and all its children; returns when it is dead."""
        self.away = away
        died = len(self.exits)
        self.signal(SIGKILL)
        while len(self.exits) == died and self._wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.005)

    async def stop(self, which: Signals | None = None, within: float = PATIENCE) -> int:
        """Asks it to end and waits; its exit status. It stays away until `start`."""
        self._wanted = False
        self._unwanted.set()
        self.signal(SIGCONT)
        if self.pid is not None and self._process is not None:
            self._process.send_signal(which or self.command.stop_with)
        if self._task is not None:
            done, _ = await asyncio.wait([self._task], timeout=within)
            if not done:
                self.signal(SIGKILL)
                await self._task
        return self.exits[-1] if self.exits else 0

    async def run_out(self, within: float = PATIENCE) -> int | None:
        """Starts it; its exit status when it ends by itself, None when it is ready instead. It stays away."""
        self.away, ended = 3600.0, len(self.exits)
        self.begin()
        async with asyncio.timeout(within):
            while len(self.exits) == ended and not await self._answers():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        refused = len(self.exits) > ended
        status = await self.stop()
        return status if refused else None

    async def _keep(self) -> None:
        while self._wanted:
            self._process = await spawn(self.command)
            with self._log.open("ab") as log:
                stdout = self._process.stdout
                while stdout is not None and (chunk := await stdout.read(65_536)):
                    log.write(chunk)
                    log.flush()
            self.exits.append(await self._process.wait())
            if self._wanted:
                with suppress(TimeoutError):
                    async with asyncio.timeout(self.away):
                        await self._unwanted.wait()
