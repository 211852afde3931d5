"""Which process listens where, and whether the ports are free."""

import asyncio
import random
import socket
import time
from dataclasses import dataclass
from typing import Final

from infra.native.problems import CannotStart

HOST: Final = "127.0.0.1"
SERVICES: Final = ("auth", "academic", "billing", "exports")
DEFAULT_BASE: Final = 8000
HANDED_OUT_BY_NOBODY: Final = range(12_000, 30_000)
OFFSETS: Final = {
    "gateway": 0,
    **{f"{service}.api": 1 + n for n, service in enumerate(SERVICES)},
    **{f"{service}.worker": 11 + n for n, service in enumerate(SERVICES)},
    "postgres": 20,
    "kafka": 21,
    "kafka.controller": 22,
    "inbox": 25,
    "inbox.smtp": 26,
}


@dataclass(frozen=True)
class Ports:
    of: dict[str, int]

    @classmethod
    def from_base(cls, base: int) -> "Ports":
        if not 1 <= base <= 65535 - max(OFFSETS.values()):
            raise CannotStart(f"{base} is no base for ports: choose a number from 1 to 65500.")
        return cls({name: base + offset for name, offset in OFFSETS.items()})

    @classmethod
    def free(cls) -> "Ports":
        """Any ports that nobody uses now, below those that systems hand out by themselves: a process that is
        started again must find its port as it left it."""
        drawn = random.SystemRandom().sample(HANDED_OUT_BY_NOBODY, 4 * len(OFFSETS))
        unused = [port for port in drawn if not is_busy(port)]
        return cls(dict(zip(OFFSETS, unused, strict=False)))

    def __getitem__(self, name: str) -> int:
        return self.of[name]

    def url(self, name: str) -> str:
        return f"http://{HOST}:{self.of[name]}"


def is_busy(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


async def check_free(ports: Ports, names: tuple[str, ...], patience: float) -> None:
    """Patience is for a launcher that was killed a moment ago: its children are still leaving."""
    deadline = time.monotonic() + patience
    while busy := [name for name in names if is_busy(ports[name])]:
        if time.monotonic() >= deadline:
            raise CannotStart(
                f"Port {ports[busy[0]]} ({busy[0]}) is in use: stop the program that listens there, "
                'or move all ports with `make run ARGS="--port 9000"`.'
            )
        await asyncio.sleep(0.1)
