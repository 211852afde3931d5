"""One run: its size, its raw lines, the machine it is on, and rounds in which the contenders take turns."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from os import getloadavg, getpid
from typing import TextIO

import orjson

from benchmarks.cpu import machine, tree_seconds
from benchmarks.figures import Figure

OTHERS = 0.3
"""The share of a core that others may use in a round that counts."""
LEAST = 3

Cell = Mapping[str, float]
Round = Mapping[str, Cell]


@dataclass(frozen=True)
class Size:
    """`seconds` of one cell, `samples` of a latency, `events` of a log."""

    name: str
    rounds: int
    seconds: float
    samples: int
    events: int


SIZES = {
    "XS": Size("XS", 2, 0.5, 20, 6_200),
    "S": Size("S", 7, 1.5, 300, 100_000),
    "M": Size("M", 15, 5.0, 1_000, 1_000_000),
}
"""XS only shows that everything works: no figure of it is worth anything."""


@dataclass
class Run:
    size: Size
    raw: TextIO
    keep_noisy: bool = False
    factor: float = 1.0
    voided: int = field(default=0, init=False)
    broken: list[str] = field(default_factory=list, init=False)

    def note(self, kind: str, **values: object) -> None:
        """A raw line."""
        line = {"kind": kind, "at": round(time.time(), 3), "load": getloadavg()[0], **values}
        self.raw.write(orjson.dumps(line, option=orjson.OPT_NON_STR_KEYS).decode() + "\n")
        self.raw.flush()

    async def rounds(
        self, name: str, cells: Mapping[str, Callable[[], Awaitable[Cell]]], rounds: int | None = None
    ) -> list[Round]:
        """Each cell once in a round, in a new order each time. A round that others disturbed is void; half as many
        again are tried in place of void ones."""
        wanted = rounds or self.size.rounds
        clean: list[Round] = []
        self.voided = 0
        for number in range(wanted + wanted // 2):
            if len(clean) == wanted:
                break
            order = list(cells)
            random.Random(number).shuffle(order)
            before, own, began = machine(), tree_seconds([getpid()]), time.monotonic()
            one = {cell: await cells[cell]() for cell in order}
            after, seconds = machine(), time.monotonic() - began
            others = after.busy - before.busy - (tree_seconds([getpid()]) - own) + after.stolen - before.stolen
            void = others > OTHERS * seconds and not self.keep_noisy
            self.note("round", workload=name, number=number, order=order, cells=one, others=others / seconds, void=void)
            if void:
                self.voided += 1
            else:
                clean.append(one)
        return clean

    def judged(self, figure: Figure, samples: Sequence[float]) -> Figure:
        """With the median over the rounds; too few clean rounds measure nothing."""
        least = min(LEAST, self.size.rounds)
        told = f"{len(samples)} rounds" + (f", {self.voided} void" if self.voided else "")
        note = f"({told}{', ' if figure.note else ''}{figure.note})"
        shown = figure.of(samples)
        return Figure(**{**vars(shown), "note": note, "missing": figure.missing or len(samples) < least})


def ratios(rounds: Sequence[Round], over: tuple[str, str], under: tuple[str, str]) -> list[float]:
    """One value of one cell over one of another, round by round."""
    return [one[over[0]][over[1]] / one[under[0]][under[1]] for one in rounds]


def values(rounds: Sequence[Round], cell: str, name: str) -> list[float]:
    return [one[cell][name] for one in rounds]
