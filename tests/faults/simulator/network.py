"""What travels between processes and servers: it takes time, is late or lost, and whoever waits for it may die."""

import random
from collections.abc import Callable

from tests.faults.simulator.chances import Chances
from tests.faults.simulator.loop import Process, VirtualLoop

IDLE_TIMEOUT = 5.0


class Network:
    def __init__(self, loop: VirtualLoop, chances: Chances, on_death: Callable[[Process], None]) -> None:
        self.loop = loop
        self.chances = chances
        self.rng: random.Random = chances.rng
        self._on_death = on_death

    def note(self, text: str) -> None:
        if self.chances.trace is not None:
            self.chances.trace.append(f"{self.loop.now:.4f} {text}")

    def inject(self, kind: str, where: str) -> None:
        self.chances.injected[kind] += 1
        self.note(f"FAULT {kind} at {where}")

    def fault(self, point: str, process: Process) -> str | None:
        """What happens to the request itself; a crash or a freeze of the one who asks happens beside it."""
        kind = self.chances.fault(point, self.loop.now)
        if kind == "crash":
            self.inject(kind, process.name)
            self.loop.serve_later(self.rng.random() * 0.02, self.kill, process)
        elif kind == "freeze":
            self.freeze(process)
        else:
            return kind
        return None

    def freeze(self, process: Process) -> None:
        if process.stashed is not None or not process.alive:
            return
        self.inject("freeze", process.name)
        length = self.chances.long()
        self.loop.freeze(process)
        self.loop.serve_later(length, self._thaw, process)
        if length > IDLE_TIMEOUT or self.rng.random() < 0.5:
            self.loop.serve_later(min(length, IDLE_TIMEOUT) * self.rng.random(), self._forget, process)

    def _thaw(self, process: Process) -> None:
        if process.alive:
            self.note(f"{process.name} wakes up")
        self.loop.thaw(process)

    def _forget(self, process: Process) -> None:
        """The server ends the sessions of a process that fell silent."""
        if process.stashed is not None and process.alive:
            self.note(f"the sessions of {process.name} end")
            for session in process.sessions:
                session.end()

    def kill(self, process: Process) -> None:
        if process.alive:
            self.note(f"{process.name} dies")
            process.alive = False
            for session in process.sessions:
                session.die()
            for task in process.tasks:
                task.cancel()
            self.loop.thaw(process)
            self._on_death(process)
