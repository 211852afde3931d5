"""Fault plans: what is done to whom, when and for how long. Drawn from the run key, kept as JSON, replayable."""

import json
import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Fault:
    """`after` is the load's time since the fault before, `lasts` how long the target stays away, both in seconds."""

    kind: str
    targets: tuple[str, ...]
    after: float
    lasts: float


@dataclass(frozen=True)
class Plan:
    faults: tuple[Fault, ...]

    def save(self, path: Path) -> None:
        path.write_text(json.dumps([asdict(fault) for fault in self.faults], indent=1))

    @classmethod
    def load(cls, path: Path) -> "Plan":
        return cls(tuple(Fault(**{**one, "targets": tuple(one["targets"])}) for one in json.loads(path.read_text())))


def drawn(
    rng: random.Random,
    trials: int,
    kinds: Mapping[str, Sequence[str]],
    *,
    after: tuple[float, float] = (0.2, 1.0),
    lasts: tuple[float, float] = (0.0, 0.5),
    together: Mapping[int, int] | None = None,
) -> Plan:
    """`kinds` names the targets of each kind of fault; they take turns, shuffled, so that few trials meet all.

    `together`: every n-th fault hits this many targets at once."""
    choices = [(kind, target) for kind, targets in kinds.items() for target in targets]
    faults = []
    bag: list[tuple[str, str]] = []
    for n in range(1, trials + 1):
        if not bag:
            bag = rng.sample(choices, len(choices))
        kind, target = bag.pop()
        several = max((count for every, count in (together or {}).items() if n % every == 0), default=1)
        others = [other for other in kinds[kind] if other != target]
        targets = (target, *rng.sample(others, min(several - 1, len(others))))
        faults.append(Fault(kind, targets, round(rng.uniform(*after), 3), round(rng.uniform(*lasts), 3)))
    return Plan(tuple(faults))
