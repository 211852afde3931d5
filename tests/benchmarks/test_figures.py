"""Figures and their lines: what `make bench` prints."""

import io
import re

import pytest

from benchmarks.figures import Figure, slope
from benchmarks.registry import ROWS, WORKLOADS, chosen
from benchmarks.run import SIZES, Run
from infra.native.state import CHECKOUT

LINE = re.compile(
    r"^(?P<row>[A-Z]+[0-9]*(-[\w.]+)*) value=(\S+) unit=(\S+) low=(\S+) high=(\S+) goal=(\S+) must=(\S+)"
    r" verdict=(?P<verdict>goal|must|below|unmeasured)( \(.*\))?$"
)


def test_a_goal_is_met_only_when_the_whole_interval_is_beyond_it() -> None:
    figure = Figure("PF8", "ratio", 0.6, 0.3, value=0.66, low=0.59, high=0.7, more=True, note="(7 rounds)")
    found = LINE.match(figure.line())
    assert found is not None
    assert found["verdict"] == "must"


@pytest.mark.parametrize(
    ("low", "high", "verdict"), [(1.0, 2.0, "goal"), (2.0, 4.0, "must"), (2.0, 5.0, "below"), (None, 5.0, "unmeasured")]
)
def test_less_is_better_unless_it_is_said(low: float | None, high: float, verdict: str) -> None:
    assert Figure("PF6", "ms", 2.0, 4.0, value=2.0, low=low, high=high).verdict == verdict


def test_a_missing_tool_is_never_a_goal_that_was_met() -> None:
    assert Figure("PF12", "ratio", 3, 8, value=1, low=1, high=1, missing=True).verdict == "unmeasured"


def test_too_few_clean_rounds_measure_nothing() -> None:
    run = Run(SIZES["S"], io.StringIO())
    few, enough = [0.7, 0.7], [0.7, 0.7, 0.7]
    figure = Figure("PF8", "ratio", 0.6, 0.3, more=True)
    assert [run.judged(figure, samples).verdict for samples in (few, enough)] == ["unmeasured", "goal"]


def test_every_row_belongs_to_one_workload_and_reads_as_a_line() -> None:
    assert len(set(ROWS)) == len(ROWS)
    assert all(LINE.match(Figure(row, "ms", 1, 2).line()) for row in ROWS)
    assert [chosen(workload.ROWS[0]) for workload in WORKLOADS] == [[workload] for workload in WORKLOADS]


def test_a_cost_that_grows_with_the_size_has_slope_one() -> None:
    assert slope([10, 100, 1000], [2, 20, 200]) == pytest.approx(1)


def test_the_page_of_the_benchmarks_names_every_row() -> None:
    page = (CHECKOUT / "docs/reference/benchmarks.md").read_text()
    assert [row for row in ROWS if not re.search(rf"\b{re.escape(row)}\b(?!-)", page)] == []
