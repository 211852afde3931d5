"""Where each task of a process waits, told to its log on SIGUSR1: evidence for what hangs."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any


def tell_waits_on_signal() -> None:
    signal.signal(signal.SIGUSR1, lambda *_: asyncio.get_running_loop().call_soon_threadsafe(tell_waits))


def tell_waits() -> None:
    for chain, count in Counter(" > ".join(waits_of(task.get_coro())) for task in asyncio.all_tasks()).most_common():
        sys.stderr.write(f"{count} x {chain}\n")
    sys.stderr.flush()


def waits_of(awaitable: Any) -> Iterator[str]:
    """From the outermost coroutine to what it waits for."""
    while awaitable is not None:
        for kind in ("cr", "gi", "ag"):
            if (frame := getattr(awaitable, f"{kind}_frame", None)) is not None:
                yield f"{frame.f_code.co_filename.rpartition('/')[2]}:{frame.f_lineno} {frame.f_code.co_name}"
                rest = "gi_yieldfrom" if kind == "gi" else f"{kind}_await"
                awaitable = getattr(awaitable, rest, None)
                break
        else:
            yield type(awaitable).__name__
            return
