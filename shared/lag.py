"""How long consumers have not come to where their source ended: the figure that an alert watches."""

from collections import defaultdict, deque
from collections.abc import Mapping
from typing import NamedTuple

from shared.chain import Place
from shared.gauges import LAG

MOST = 100


class Mark(NamedTuple):
    """Where the source ended, and when it was seen."""

    at: float
    ends: Mapping[int, int]


class Lag:
    def __init__(self, source: str) -> None:
        self._source = source
        self._marks: dict[str, deque[Mark]] = defaultdict(deque)
        """consumer → the ends that it has not reached, oldest first."""

    def look(self, now: float, places: Mapping[str, Mapping[int, Place]], ends: Mapping[int, int]) -> None:
        """Under load nobody ever stands at the end of now: each consumer is measured by the ends of earlier looks."""
        for gone in self._marks.keys() - places.keys():
            del self._marks[gone]
            LAG.remove(gone, self._source)
        for consumer, reached in places.items():
            marks = self._marks[consumer]
            if len(marks) < MOST:
                marks.append(Mark(now, ends))
            while marks and all(reached[n].position >= end for n, end in marks[0].ends.items()):
                marks.popleft()
            LAG.labels(consumer, self._source).set(now - marks[0].at if marks else 0)
