"""A network of its own for a town, where packets are dropped for real."""

import asyncio
import ctypes
import os
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

CLONE_NEWNET = 0x40000000
TOOLS = ("ip", "iptables")


def why_not() -> str:
    """What is missing on this machine, or nothing."""
    if os.geteuid() != 0:
        return "needs root"
    missing = [tool for tool in TOOLS if shutil.which(tool) is None]
    return f"needs {' and '.join(missing)}" if missing else ""


@asynccontextmanager
async def own_network() -> AsyncIterator[None]:
    """Sockets and processes that are made inside are in a network that holds nothing else."""
    libc = ctypes.CDLL(None, use_errno=True)
    outside = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "no network of its own")
    try:
        await run("ip", "link", "set", "lo", "up")
        yield
    finally:
        libc.setns(outside, CLONE_NEWNET)
        os.close(outside)


@asynccontextmanager
async def dropped(port: int) -> AsyncIterator[None]:
    """No packet from or to this port arrives, meanwhile."""
    rules = [("--dport", str(port)), ("--sport", str(port))]
    await drop("-A", rules)
    try:
        yield
    finally:
        await drop("-D", rules)


@asynccontextmanager
async def half_open(*ports: int) -> AsyncIterator[int]:
    """The connections to these ports that are open now fall silent for ever; new ones work. How many there are."""
    pairs = [(port, client) for port in ports for client in clients_of(port)]
    rules = [(f"--sport={a}", f"--dport={b}") for pair in pairs for a, b in (pair, pair[::-1])]
    await drop("-A", rules)
    try:
        yield len(pairs)
    finally:
        await drop("-D", rules)


async def drop(verb: str, rules: Iterable[tuple[str, ...]]) -> None:
    for rule in rules:
        await run("iptables", "-w", verb, "INPUT", "-p", "tcp", *rule, "-j", "DROP")


def clients_of(port: int) -> list[int]:
    """The ports at the other ends of the connections to this one."""
    found = []
    for line in Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]:
        _, local, remote, state, *_ = line.split()
        if int(local.rpartition(":")[2], 16) == port and state == "01":
            found.append(int(remote.rpartition(":")[2], 16))
    return found


async def run(*command: str) -> None:
    child = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await child.communicate()
    if child.returncode != 0:
        raise OSError(f"{' '.join(command)}: {output.decode()}")
