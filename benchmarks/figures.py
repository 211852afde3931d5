"""Figures: a value with its interval, held against a goal and a must, as one line."""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

Verdict = Literal["goal", "must", "below", "unmeasured"]


@dataclass(frozen=True)
class Figure:
    """`low` and `high` bound the value; `more` says whether more is better; a `must` of None blocks nothing."""

    row: str
    unit: str
    goal: float
    must: float | None
    value: float | None = None
    low: float | None = None
    high: float | None = None
    more: bool = False
    note: str = ""
    missing: bool = False
    """The value is shown, but a tool or too many rounds are missing to call it measured."""

    @property
    def verdict(self) -> Verdict:
        """A goal is met only if the whole interval is beyond it."""
        if self.missing or self.value is None or self.low is None or self.high is None:
            return "unmeasured"
        worst = self.low if self.more else self.high
        if self._reaches(worst, self.goal):
            return "goal"
        return "must" if self.must is None or self._reaches(worst, self.must) else "below"

    def _reaches(self, worst: float, limit: float) -> bool:
        return worst >= limit if self.more else worst <= limit

    def of(self, samples: Sequence[float]) -> "Figure":
        """With the median of the samples and its interval; nothing is measured by none."""
        if not samples:
            return self
        value, low, high = interval(samples)
        return replace(self, value=value, low=low, high=high)

    def line(self) -> str:
        parts = [
            self.row,
            f"value={_short(self.value)}",
            f"unit={self.unit}",
            f"low={_short(self.low)}",
            f"high={_short(self.high)}",
            f"goal={_short(self.goal)}",
            f"must={_short(self.must)}",
            f"verdict={self.verdict}",
        ]
        return " ".join([*parts, *([self.note] if self.note else [])])


def _short(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


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


def slope(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """Of the straight line through the logarithms: 1 is a cost that grows as the size does."""
    return statistics.linear_regression([math.log(n) for n in sizes], [math.log(cost) for cost in costs]).slope
