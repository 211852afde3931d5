"""The operator's command, in this process, and a log that it may reach."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from infra import cli
from infra.operator.access import console
from infra.testing.harness import PASSWORDS, new_log

NOWHERE = "127.0.0.1:1"

Rollbook = Callable[[Sequence[str], Mapping[str, str]], tuple[int, str]]


@pytest.fixture
def rollbook(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Rollbook]:
    """A command as an operator runs it, in this process: its status, and what was said."""
    before = {name: logging.getLogger(name).level for name in ("aiokafka", "asyncio")}

    def run(words: Sequence[str], environment: Mapping[str, str]) -> tuple[int, str]:
        with monkeypatch.context() as patched:
            patched.setattr(sys, "argv", ["rollbook", *words])
            patched.setattr(console, "width", 200)
            for name, value in environment.items():
                patched.setenv(name, value)
            capfd.readouterr()
            with pytest.raises(SystemExit) as ended:
                cli.main()
        told = capfd.readouterr()
        return int(ended.value.code or 0), told.out + told.err

    yield run
    for name, level in before.items():
        logging.getLogger(name).setLevel(level)


def at_a_terminal(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[str]:
    """A process that Ctrl-C ends: what a shell runs in its background would pass on that it is ignored."""
    return subprocess.Popen(
        (sys.executable, "-P", "-m", "infra.cli", *words),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


@pytest.fixture
def desk(tmp_path: Path) -> dict[str, str]:
    """The environment of an operator on a machine where nothing runs, with a master key."""
    (tmp_path / "master.key").write_text(b64encode(b"a secret of 32 bytes for a test.").decode())
    return {"ROLLBOOK_STATE": str(tmp_path)}


def reaching(dsns: Mapping[str, str], kafka: str = NOWHERE) -> dict[str, str]:
    """What an operator sets to reach academic elsewhere."""
    logins = {f"ACADEMIC_{role.upper()}_DSN": dsns[role] for role in PASSWORDS}
    return {**logins, "ACADEMIC_KAFKA": kafka}


@pytest.fixture(scope="module")
def log(postgres: str) -> Iterator[dict[str, str]]:
    with asyncio.Runner() as runner, ExitStack() as stack:
        opened = new_log(postgres, "academic")
        yield runner.run(opened.__aenter__())
        stack.callback(lambda: runner.run(opened.__aexit__(None, None, None)))
