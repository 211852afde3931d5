"""A child process is kept alive, with back-off, and stopped on request."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.native.commands import Command
from infra.native.supervised import LONGEST_LINE, Supervised, delay_before


@pytest.fixture(scope="module")
def anyio_backend() -> tuple[str, dict[str, bool]]:
    return "asyncio", {"use_uvloop": False}


def python(code: str, **more: float) -> Command:
    arguments = (sys.executable, "-c", textwrap.dedent(code))
    return Command("child", arguments, {"PYTHONUNBUFFERED": "1"}, grace=more.get("grace", 4.0))


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    async with asyncio.timeout(seconds):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def test_the_delay_doubles_up_to_a_limit() -> None:
    delays = [delay_before(restart) for restart in range(1, 12)]
    assert delays[:5] == [0.2, 0.4, 0.8, 1.6, 3.2]
    assert delays[-1] == 15.0
    assert delay_before(10_000) == 15.0


async def test_a_crashed_child_starts_again_after_a_pause() -> None:
    lines: list[tuple[float, str]] = []
    child = Supervised(python("print('here'); exit(3)"), lambda _, line: lines.append((time.monotonic(), line)))
    child.start()
    await until(lambda: [line for _, line in lines].count("here") == 3)
    await child.stop()
    starts = [at for at, line in lines if line == "here"]
    assert starts[1] - starts[0] >= 0.2
    assert starts[2] - starts[1] >= 0.4
    assert "-- child ended with status 3, starts again in 0.2 s" in [line for _, line in lines]


async def test_a_killed_child_comes_back_under_a_new_pid() -> None:
    child = Supervised(python("import time; time.sleep(60)"), lambda *_: None)
    child.start()
    await until(lambda: child.pid is not None)
    old = child.pid
    assert old is not None
    os.kill(old, signal.SIGKILL)
    await until(lambda: child.pid not in (None, old))
    await child.stop()
    assert child.pid is None


async def test_a_child_that_ignores_the_request_is_killed_after_its_grace() -> None:
    lines: list[str] = []
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
    child = Supervised(python(stubborn, grace=0.3), lambda _, line: lines.append(line))
    child.start()
    await until(lambda: "up" in lines)
    await child.stop()
    assert child.pid is None
    assert "-- child did not stop within 0.3 s and is killed" in lines


async def test_stopping_ends_the_wait_before_a_restart() -> None:
    child = Supervised(python("exit(1)"), lambda *_: None)
    child.start()
    await until(lambda: child.crashes >= 4)
    started = time.monotonic()
    await child.stop()
    assert time.monotonic() - started < 1


async def test_a_very_long_line_does_not_hold_up_the_child() -> None:
    lines: list[str] = []
    child = Supervised(python("print('x' * 5_000_000); print('after')"), lambda _, line: lines.append(line))
    child.start()
    await until(lambda: "after" in lines)
    await child.stop()
    assert all(len(line) <= LONGEST_LINE for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        (
            sys.executable,
            "-c",
            textwrap.dedent(
                """
                import asyncio, sys
                from infra.native.commands import Command, spawn
                sleeper = Command("sleeper", (sys.executable, "-c", "import time; time.sleep(60)"))
                async def main():
                    child = await spawn(sleeper)
                    print(child.pid, flush=True)
                    await asyncio.sleep(60)
                asyncio.run(main())
                """
            ),
        ),
        stdout=subprocess.PIPE,
        text=True,
    )
    with parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 5
    while is_alive(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"
