"""The share of the fault harness that runs with all tests: each row's and tooth's line says that it passed."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.faults.rows.rows import ROWS

FOLDER = Path(__file__).parent
TRIALS = tomllib.loads((FOLDER / "trials.toml").read_text())
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="module")
def lines() -> dict[str, str]:
    """id → what came after it."""
    command = (sys.executable, "-m", "tests.faults", "--profile", "test")
    ended = subprocess.run(command, cwd=FOLDER.parents[1], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    found = {name: rest for name, _, rest in (line.partition(" ") for line in ended.stdout.splitlines())}
    return {**found, "all": ended.stdout, "status": str(ended.returncode)}


@pytest.mark.parametrize("name", TRIALS["test"])
def test_the_promise_holds_under_its_faults(lines: dict[str, str], name: str) -> None:
    assert lines.get(name, "no line").endswith(" pass"), lines["all"]


def test_the_exit_status_says_that_nothing_failed(lines: dict[str, str]) -> None:
    assert lines["status"] == "0", lines["all"]


def test_every_row_and_tooth_has_its_number_of_trials() -> None:
    assert list(TRIALS["faults"]) == list(ROWS)
