"""The nine processes under their launcher, and what an operator asks of them."""

import os
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from infra.native.fleet import APIS, SERVERS, WORKERS
from infra.native.running import Running


def test_R0_28_R2_28_R4_65_everything_is_ready_and_answers(product: Running) -> None:
    assert set(product.pids) == {*SERVERS, *APIS, *WORKERS, "gateway", "inbox"}
    for name in (*APIS, *WORKERS, "gateway", "inbox"):
        assert httpx2.get(f"{product.ports.url(name)}/readyz").status_code == 200


def test_no_secret_stands_on_a_command_line(product: Running) -> None:
    password = product.dsn().split("@")[0].rpartition(":")[2]
    for pid in product.pids.values():
        assert password not in Path(f"/proc/{pid}/cmdline").read_text()


@pytest.mark.parametrize("name", ["billing.worker", "academic.api", "gateway"])
def test_a_killed_process_comes_back_and_is_ready(product: Running, name: str) -> None:
    others = {other: pid for other, pid in product.pids.items() if other != name}
    product.wait_restarted(name, product.kill(name))
    assert {other: pid for other, pid in product.pids.items() if other != name} == others


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("views", "list", "academic"), "roster"),
        (("reactions", "list", "billing"), "from beginning"),
        (("parked", "list", "billing"), "Nothing is parked"),
        (("parked", "retry", "billing"), "0 parked events"),
        (("generation", "show", "auth"), "generation 1"),
        (("migrate", "exports"), "migrations are complete"),
        (("chain", "verify"), "intact: exports"),
    ],
)
def test_an_operators_command_answers(product: Running, arguments: tuple[str, ...], expected: str) -> None:
    status, text = rollbook(product, *arguments)
    assert status == 0, text
    assert expected in text


def test_N7_a_view_is_built_beside_the_live_one_verified_and_flipped(product: Running) -> None:
    before = live_builds(product)
    status, text = rollbook(product, "views", "build", "academic", "roster")
    assert status == 0, text
    number = text.split()[1]
    for command, expected in (("verify", "exactly what the history says"), ("flip", "is live")):
        status, text = rollbook(product, "views", command, "academic", number)
        assert status == 0, text
        assert expected in text
    assert live_builds(product) == (before - {old_of(before, "roster")}) | {(number, "roster")}
    status, text = rollbook(product, "views", "drop", "academic", number)
    assert status == 1
    assert "is live: make another build live first" in text
    status, text = rollbook(product, "views", "drop", "academic", old_of(before, "roster")[0])
    assert status == 0, text


def old_of(builds: set[tuple[str, str]], view: str) -> tuple[str, str]:
    return next(build for build in builds if build[1] == view)


def live_builds(product: Running) -> set[tuple[str, str]]:
    _, text = rollbook(product, "views", "list", "academic")
    cells = [[cell.strip() for cell in line.split("│")] for line in text.splitlines()]
    return {(row[1], row[2]) for row in cells if len(row) > 4 and row[4] == "live"}


def rollbook(product: Running, *arguments: str) -> tuple[int, str]:
    ended = subprocess.run(
        (sys.executable, "-P", "-m", "infra.cli", *arguments),
        env=os.environ | {"ROLLBOOK_STATE": str(product.folder), "COLUMNS": "160"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr
