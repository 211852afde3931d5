"""The simulator: thousands of small schedules of the real log, relay, feeds and reactions; same key, same run."""

from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.faults.simulator.chances import Chances
from tests.faults.simulator.schedules import world_of
from tests.faults.simulator.swaps import DRAWN, swapped


class Violation(NamedTuple):
    schedule: int
    what: str
    trace: list[str]


@dataclass
class Outcome:
    """`injected` counts faults by kind: a run that injected nothing shows nothing."""

    run_key: int
    schedules: int = 0
    violations: list[Violation] = field(default_factory=list)
    injected: Counter[str] = field(default_factory=Counter)


def simulate(run_key: int, schedules: int, *, first: int = 0, enough: int | None = None) -> Outcome:
    """Runs these schedules of the run key, each in a world of its own; ends early after `enough` violations."""
    outcome = Outcome(run_key)
    with swapped():
        for schedule in range(first, first + schedules):
            chances = Chances(run_key, schedule)
            found = run(chances)
            outcome.schedules += 1
            outcome.injected += chances.injected
            if found:
                outcome.violations.append(Violation(schedule, "; ".join(found), _replay(run_key, schedule)))
            if len(outcome.violations) == enough:
                break
    return outcome


def replay(run_key: int, schedule: int) -> list[str]:
    """What happened in one schedule, again: a line for each fault and event, then what was violated."""
    with swapped():
        return _replay(run_key, schedule)


def _replay(run_key: int, schedule: int) -> list[str]:
    chances = Chances(run_key, schedule, traced=True)
    found = run(chances)
    assert chances.trace is not None
    return [*chances.trace, *(f"VIOLATION {what}" for what in found)]


def run(chances: Chances) -> list[str]:
    DRAWN.begin(chances.rng)
    return world_of(chances).run()
