"""G20: the kernel's own code in thousands of small schedules; the simulator is sharp, and its runs can be repeated."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.faults.simulator.chances import KINDS_OF_FAULTS
from tests.faults.simulator.simulate import replay, simulate
from tests.faults.teeth.simulated import FOUND, SIMULATED

RUN, RUNS = 200, 10
CORPUS = json.loads((Path(__file__).parent / "simulator" / "corpus.json").read_text())


def test_G20_every_kind_of_fault_is_injected_and_nothing_is_lost_doubled_or_out_of_order() -> None:
    outcome = simulate(run_key=20, schedules=600)
    assert outcome.violations == []
    assert outcome.schedules == 600
    assert set(outcome.injected) == KINDS_OF_FAULTS


def test_G20_the_same_run_key_gives_the_same_run() -> None:
    assert simulate(7, 40) == simulate(7, 40)
    traces = [replay(7, schedule) for schedule in range(20)]
    assert traces == [replay(7, schedule) for schedule in range(20)]
    assert any("FAULT" in line for trace in traces for line in trace)


@pytest.mark.parametrize("name", SIMULATED)
def test_G20_a_broken_build_is_caught_within_ten_runs_of_200_schedules(name: str) -> None:
    with SIMULATED[name]():
        outcome = simulate(run_key=6, schedules=RUN * RUNS, enough=1)
        assert outcome.violations
        caught = outcome.violations[0]
        assert replay(6, caught.schedule) == caught.trace


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case["found"])
def test_G20_what_was_found_once_holds_now_and_would_be_found_again(case: dict[str, Any]) -> None:
    run_key, schedule = case["run_key"], case["schedule"]
    assert simulate(run_key, 1, first=schedule).violations == []
    with FOUND[case["found"]]():
        assert simulate(run_key, 1, first=schedule).violations
