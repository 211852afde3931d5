"""Signs of life: each endless loop of a worker tells when it comes round; one that falls silent is stuck."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

LIMIT = 40.0
"""Seconds: more than the longest statement of a reader may take."""


@dataclass(eq=False)
class Loop:
    """`limit` is for how long it may be silent, in seconds."""

    name: str
    limit: float
    at: float


_running: set[Loop] = set()
_mine: ContextVar[Loop | None] = ContextVar("loop", default=None)


@contextmanager
def pulse(name: str, limit: float = LIMIT) -> Iterator[None]:
    """Watches what runs inside, and the tasks that it starts, until it ends or fails: to fail is not to be stuck."""
    loop = Loop(name, limit, time.monotonic())
    before = _mine.set(loop)
    _running.add(loop)
    try:
        yield
    finally:
        _running.discard(loop)
        _mine.reset(before)


def beat() -> None:
    """There was progress, or nothing to do. Does nothing where nobody watches."""
    loop = _mine.get()
    if loop is not None:
        loop.at = time.monotonic()


def stuck() -> list[str]:
    """The loops that have been silent for longer than they may."""
    now = time.monotonic()
    return sorted({loop.name for loop in _running if now - loop.at > loop.limit})
