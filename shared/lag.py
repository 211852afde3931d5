"""How long consumers have not come to where their source ended: the figure that an alert watches."""

from collections.abc import Mapping
from typing import NamedTuple

from shared.chain import Place
from shared.gauges import LAG


class Mark(NamedTuple):
    """Where the source ended, and when it was seen."""

    at: float
    ends: Mapping[int, int]


class Lag:
    def __init__(self, source: str) -> None:
        self._source = source
        self._marks: dict[str, Mark] = {}

    def look(self, now: float, places: Mapping[str, Mapping[int, Place]], ends: Mapping[int, int]) -> None:
        """Under load nobody ever stands at the end of now: each consumer is measured by the end of an earlier look."""
        for gone in self._marks.keys() - places.keys():
            del self._marks[gone]
            LAG.remove(gone, self._source)
        for consumer, reached in places.items():
            mark = self._marks.setdefault(consumer, Mark(now, ends))
            arrived = all(reached[n].position >= end for n, end in mark.ends.items())
            LAG.labels(consumer, self._source).set(0 if arrived else now - mark.at)
            if arrived:
                self._marks[consumer] = Mark(now, ends)
