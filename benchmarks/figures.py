"""Figures: a value with its interval, held against a goal and a must, as one line."""

import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["goal", "must", "below", "unmeasured"]


@dataclass(frozen=True)
class Figure:
    """`low` and `high` bound the value; `more` says whether more is better."""

    row: str
    unit: str
    goal: float
    must: float
    value: float | None = None
    low: float | None = None
    high: float | None = None
    more: bool = False
    note: str = ""

    @property
    def verdict(self) -> Verdict:
        """A goal is met only if the whole interval is beyond it."""
        if self.value is None or self.low is None or self.high is None:
            return "unmeasured"
        worst = self.low if self.more else self.high
        for limit, verdict in ((self.goal, "goal"), (self.must, "must")):
            if (worst >= limit) if self.more else (worst <= limit):
                return "goal" if verdict == "goal" else "must"
        return "below"

    def line(self) -> str:
        measured = [f"{name}={_short(getattr(self, name))}" for name in ("value", "low", "high")]
        parts = [
            self.row,
            measured[0],
            f"unit={self.unit}",
            *measured[1:],
            f"goal={self.goal:g}",
            f"must={self.must:g}",
        ]
        return " ".join([*parts, f"verdict={self.verdict}", *([self.note] if self.note else [])])


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"


def interval(samples: Sequence[float], draws: int = 2000) -> tuple[float, float, float]:
    """Median and its 90 % bootstrap interval."""
    chance = random.Random(1)
    medians = sorted(statistics.median(chance.choices(samples, k=len(samples))) for _ in range(draws))
    return statistics.median(samples), medians[int(0.05 * draws)], medians[int(0.95 * draws)]


def percentile(samples: Sequence[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def percentile_interval(samples: Sequence[float], share: float, draws: int = 500) -> tuple[float, float, float]:
    """A percentile and its 90 % bootstrap interval."""
    chance = random.Random(1)
    drawn = sorted(percentile(chance.choices(samples, k=len(samples)), share) for _ in range(draws))
    return percentile(samples, share), drawn[int(0.05 * draws)], drawn[int(0.95 * draws)]
