"""CPU seconds of whole process trees, from `/proc`, and who else used the machine."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

TICK = os.sysconf("SC_CLK_TCK")


class Used(NamedTuple):
    parent: int
    seconds: float


def processes() -> dict[int, Used]:
    """What every process has used so far, with its children that have ended."""
    found: dict[int, Used] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and (fields := _fields(entry)):
            ticks = sum(int(field) for field in fields[11:15])
            found[int(entry.name)] = Used(int(fields[1]), ticks / TICK)
    return found


def _fields(entry: Path) -> list[str]:
    """From the state on; the name before it may hold spaces. Empty for a process that has just ended."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def tree_seconds(roots: Iterable[int], known: Mapping[int, Used] | None = None) -> float:
    """Of these processes and all that they have started, now or when `known` was read."""
    known = processes() if known is None else known
    children: dict[int, list[int]] = {}
    for pid, used in known.items():
        children.setdefault(used.parent, []).append(pid)
    total, waiting, seen = 0.0, list(roots), set[int]()
    while waiting:
        pid = waiting.pop()
        if pid in known and pid not in seen:
            seen.add(pid)
            total += known[pid].seconds
            waiting += children.get(pid, [])
    return total


class Machine(NamedTuple):
    """Seconds of all cores: worked, and taken by the host of a virtual machine."""

    busy: float
    stolen: float


def machine() -> Machine:
    ticks = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    user, nice, system, _, _, irq, soft, steal = ticks
    return Machine((user + nice + system + irq + soft) / TICK, steal / TICK)
