"""An event loop without a clock: time is virtual, and what runs belongs to a process that can be frozen or killed."""

import asyncio
import heapq
from asyncio.events import _set_running_loop
from collections import deque
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any, cast

PROCESS: ContextVar["Process | None"] = ContextVar("process", default=None)


class Handle:
    """What is to run, unless it is cancelled before."""

    __slots__ = ("args", "callback", "context", "gone")

    def __init__(self, callback: Callable[..., object], args: tuple[Any, ...], context: Context) -> None:
        self.callback, self.args, self.context = callback, args, context
        self.gone = False

    def cancel(self) -> None:
        self.gone = True


class Task(asyncio.Task[Any]):
    """Hashed by its number: sets of tasks are walked in the same order in every run."""

    def __init__(self, coro: Any, loop: "VirtualLoop", context: Context | None) -> None:
        loop.tasks += 1
        self._number = loop.tasks
        super().__init__(coro, loop=cast(Any, loop), name="", context=context)

    def __hash__(self) -> int:
        return self._number

    __eq__ = object.__eq__


class Process:
    """Tasks that live and die together. What a killed one still does on its way out reaches nobody."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.alive = True
        self.tasks: list[Task] = []
        self.sessions: list[Any] = []
        self.stashed: list[Handle] | None = None

    def must_live(self) -> None:
        if not self.alive:
            raise asyncio.CancelledError


class VirtualLoop:
    """As much of an event loop as tasks, futures and time-outs need."""

    def __init__(self) -> None:
        self.now = 0.0
        self.tasks = 0
        self.frozen = 0
        self._count = 0
        self._ready: deque[Handle] = deque()
        self._timers: list[tuple[float, int, Handle]] = []
        self._server = copy_context()

    def time(self) -> float:
        return self.now

    def get_debug(self) -> bool:
        return False

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=cast(Any, self))

    def create_task(self, coro: Any, *, name: str | None = None, context: Context | None = None) -> Any:
        task = Task(coro, self, context)
        process = PROCESS.get() if context is None else context.get(PROCESS)
        if process is not None:
            process.tasks.append(task)
        return task

    def call_soon(self, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, context or copy_context())
        self._ready.append(handle)
        return handle

    def call_later(self, delay: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        return self.call_at(self.now + delay, callback, *args, context=context)

    def call_at(self, when: float, callback: Any, *args: Any, context: Context | None = None) -> Any:
        handle = Handle(callback, args, context or copy_context())
        self._count += 1
        heapq.heappush(self._timers, (when, self._count, handle))
        return handle

    def serve_later(self, delay: float, callback: Callable[..., object], *args: Any) -> None:
        """On the side of the servers: it happens whatever becomes of the process that asked."""
        self._count += 1
        heapq.heappush(self._timers, (self.now + delay, self._count, Handle(callback, args, self._server)))

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        """A result that nobody waits for any more is nobody's loss."""

    def spawn(self, process: Process, coro: Coroutine[Any, Any, Any]) -> Any:
        context = self._server.copy()
        context.run(PROCESS.set, process)
        return self.create_task(coro, context=context)

    def freeze(self, process: Process) -> None:
        if process.stashed is None:
            process.stashed = []
            self.frozen += 1

    def thaw(self, process: Process) -> None:
        if process.stashed is not None:
            self._ready.extend(process.stashed)
            process.stashed = None
            self.frozen -= 1

    def run(self, done: Callable[[], bool], limit: float) -> bool:
        """Until `done`, which is asked whenever time moves; False when the limit or the end of all work came first."""
        ready, timers = self._ready, self._timers
        _set_running_loop(cast(Any, self))
        try:
            while True:
                while ready:
                    handle = ready.popleft()
                    if handle.gone or (self.frozen and self._stash(handle)):
                        continue
                    handle.context.run(handle.callback, *handle.args)
                if done():
                    return True
                if not timers or timers[0][0] > limit:
                    return False
                when, _, handle = heapq.heappop(timers)
                if not handle.gone:
                    self.now = when
                    ready.append(handle)
        finally:
            _set_running_loop(None)

    def drain(self) -> None:
        """Whatever is ready, without moving time."""
        self.run(lambda: True, self.now)

    def _stash(self, handle: Handle) -> bool:
        process = handle.context.get(PROCESS)
        if process is None or process.stashed is None:
            return False
        process.stashed.append(handle)
        return True
