"""What a child process is, and starting one that never outlives the launcher."""

import asyncio
import ctypes
import os
import pwd
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from infra.native.problems import CannotStart

PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Command:
    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    user: pwd.struct_passwd | None = None
    stop_with: signal.Signals = signal.SIGTERM
    orphaned_with: signal.Signals = signal.SIGKILL
    grace: float = 4.0


_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def dies_with(with_signal: signal.Signals, user: pwd.struct_passwd | None = None) -> Callable[[], None]:
    """To be run in the child: the kernel sends it the signal when the thread that started it ends."""
    parent = os.getpid()

    def prepare() -> None:
        os.setpgid(0, 0)
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        if _libc is not None:
            _libc.prctl(PR_SET_PDEATHSIG, int(with_signal))
        if os.getppid() != parent:
            os._exit(1)

    return prepare


async def spawn(command: Command) -> asyncio.subprocess.Process:
    """To be called in the main thread. Another user may not be able to enter the caller's folder."""
    return await asyncio.create_subprocess_exec(
        *command.arguments,
        env={**command.environment},
        cwd="/" if command.user else None,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        preexec_fn=dies_with(command.orphaned_with, command.user),
    )


async def run_once(command: Command, what_failed: str) -> None:
    """A step of the preparation, such as initdb: quiet unless it fails."""
    child = await spawn(command)
    try:
        output, _ = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode != 0:
        tail = "\n".join(output.decode(errors="replace").splitlines()[-15:])
        raise CannotStart(f"{what_failed} (exit status {child.returncode}):\n{tail}")
