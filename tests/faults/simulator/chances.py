"""Chances: what goes wrong, where and when, drawn from the run key and the schedule's number; counted and traced."""

import random
from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

DISTURBED = ("crash", "crash", "freeze", "delay")
CHOICES: dict[str, tuple[str, ...]] = {
    "statement": ("cut", *DISTURBED),
    "last": ("cut", "lost-reply", "late", "lost-reply", "late", *DISTURBED),
    "send": ("refused", "refused", "ack-lost", "late-batch", "late-batch", *DISTURBED),
    "look": ("broker-error", *DISTURBED),
    "fetch": ("drop", "duplicate", "shuffle", "stuck", *DISTURBED),
    "answer": ("answer-lost", "answer-lost", "copies"),
}
OF_SERVERS = {"second-reader", "second-relay", "later-accepted", "topic-wiped", "tail-lost", "broker-away", "retry"}
KINDS_OF_FAULTS = OF_SERVERS | {kind for kinds in CHOICES.values() for kind in kinds}
OFTEN = {"send": 4.0, "fetch": 4.0, "answer": 2.0}
"""There are far fewer of these than of statements."""


class Chances:
    """`budget` faults at most, none after `until`: then everything must heal."""

    def __init__(self, run_key: int, schedule: int, *, traced: bool = False) -> None:
        self.rng = random.Random(f"{run_key}/{schedule}")
        self.random = self.rng.random
        self.rate = self.pick((0.0, 0.02, 0.05, 0.1, 0.2))
        self.budget = self.pick((1, 2, 3, 5, 8))
        self.until = 1.0
        self.choices = CHOICES
        self.injected: Counter[str] = Counter()
        self.trace: list[str] | None = [] if traced else None

    def pick(self, options: Sequence[T]) -> T:
        return options[int(self.random() * len(options))]

    def fault(self, point: str, now: float) -> str | None:
        if self.budget <= 0 or now > self.until or self.random() >= self.rate * OFTEN.get(point, 1.0):
            return None
        self.budget -= 1
        return self.pick(self.choices[point])

    def quick_sends(self) -> None:
        """No batch outlives its relay. One that does, in the place of records that Kafka lost, makes a hole that no
        relay sees: the next record has the offset that it expects."""
        self.choices = CHOICES | {"send": ("refused", "ack-lost", "crash", "freeze")}

    def latency(self) -> float:
        return 0.0005 + self.random() * 0.01

    def long(self) -> float:
        return 0.05 + self.random() ** 3 * 8.0
