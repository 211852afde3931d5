"""Token buckets in the memory of one process: so many at once, then evenly. Memory is bounded."""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import NamedTuple

MOST = 50_000
"""Buckets that are remembered; the one that was touched longest ago goes first."""


class Rate(NamedTuple):
    """At most `most` in `seconds`."""

    most: float
    seconds: int


class Taken(NamedTuple):
    """`left` more may come at once; `wait`: seconds until one more may, 0 where one may now."""

    allowed: bool
    left: int
    wait: int


class Buckets:
    def __init__(self, most: int = MOST, clock: Callable[[], float] = time.monotonic) -> None:
        self._most = most
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, bytes], tuple[float, float]] = OrderedDict()

    def take(self, key: tuple[str, bytes], rate: Rate) -> Taken:
        now, speed = self._clock(), rate.most / rate.seconds
        level, looked = self._buckets.pop(key, (rate.most, now))
        level = min(rate.most, level + (now - looked) * speed)
        allowed = level >= 1
        if allowed:
            level -= 1
        self._buckets[key] = (level, now)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        return Taken(allowed, int(level), 0 if level >= 1 else ceil((1 - level) / speed))

    def __len__(self) -> int:
        return len(self._buckets)
