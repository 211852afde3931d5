"""A product started as a child, for tests and benchmarks: where it is, its processes, killing one of them."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from infra.native import kafka, postgres
from infra.native.commands import dies_with
from infra.native.ports import Ports
from infra.native.problems import CannotStart
from infra.native.state import State

Parts = Literal["all", "servers", "postgres", "kafka"]


class Running:
    """Owns its launcher, and a state folder of its own unless one is given."""

    def __init__(self, parts: Parts = "all", folder: Path | None = None, arguments: tuple[str, ...] = ()) -> None:
        self._own_folder = folder is None
        self.folder = folder or _temporary_folder()
        self._state = State(self.folder)
        self._arguments = ("--only", parts, "--ports", "free", "--no-story", *arguments)
        self._launcher: subprocess.Popen[bytes] | None = None

    @property
    def pids(self) -> dict[str, int]:
        """By name: `gateway`, `billing.api`, `billing.worker`, `kafka`, `postgres` …"""
        pids: dict[str, int] = self._state.running().get("processes", {})
        return pids

    @property
    def ports(self) -> Ports:
        return Ports(self._state.running()["ports"])

    @property
    def base_url(self) -> str:
        return self.ports.url("gateway")

    @property
    def inbox_url(self) -> str:
        """Where the mails are that it sent."""
        return self.ports.url("inbox")

    @property
    def kafka(self) -> str:
        return kafka.bootstrap(self.ports)

    def dsn(self, database: str = postgres.DATABASE) -> str:
        """The superuser's."""
        password = self._state.passwords(postgres.SUPERUSER)[postgres.SUPERUSER]
        return postgres.dsn(self.ports["postgres"], password, database=database)

    def start(self, seconds: float = 240.0) -> None:
        log = (self._state.path("logs") / "launcher.log").open("ab")
        with log:
            self._launcher = subprocess.Popen(
                (sys.executable, "-P", "-m", "infra.native.launcher", *self._arguments),
                env=os.environ | {"ROLLBOOK_STATE": str(self.folder)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                preexec_fn=dies_with(signal.SIGTERM),
            )
        self.wait_ready(seconds)

    def wait_ready(self, seconds: float = 120.0) -> None:
        """Until every process lives and has answered its readiness probe since its last start."""
        self._wait(self._is_ready, seconds, "was not ready")

    def kill(self, name: str) -> int:
        """SIGKILL, as a crash of the machine would do it. The launcher starts the process again."""
        pid = self.pids[name]
        os.kill(pid, signal.SIGKILL)
        return pid

    def wait_restarted(self, name: str, old_pid: int, seconds: float = 120.0) -> None:
        self._wait(lambda: self.pids.get(name, old_pid) != old_pid, seconds, f"did not restart {name}")
        self.wait_ready(seconds)

    def stop(self) -> int:
        """The launcher's exit status. A temporary state folder goes as well."""
        if self._launcher is None:
            return 0
        self._launcher.terminate()
        try:
            status = self._launcher.wait(30)
        finally:
            if self._own_folder:
                self._state.forget()
        return status

    def log(self) -> str:
        return (self.folder / "logs" / "launcher.log").read_text(errors="replace")

    def _is_ready(self) -> bool:
        """What a launcher that was killed has left behind says nothing."""
        told = self._state.running()
        return self._launcher is not None and told.get("launcher") == self._launcher.pid and bool(told["ready"])

    def _wait(self, holds: Callable[[], bool], seconds: float, otherwise: str) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            if self._launcher is None or self._launcher.poll() is not None:
                raise CannotStart(f"The launcher ended:\n{self.log()[-3000:]}")
            if time.monotonic() > deadline:
                raise CannotStart(f"The launcher {otherwise} within {seconds:g} s:\n{self.log()[-3000:]}")
            time.sleep(0.05)


@contextmanager
def running(parts: Parts = "all", folder: Path | None = None) -> Iterator[Running]:
    """The whole product, or only its servers, on free ports."""
    product = Running(parts, folder)
    try:
        product.start()
        yield product
    finally:
        product.stop()


def _temporary_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="rollbook-"))
    folder.chmod(0o711)
    return folder
