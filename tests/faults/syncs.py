"""Syncs that strace sees: whether a process of PostgreSQL made its log safe between a request and its reply."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.town.child import family

CALLS = "fsync,fdatasync,recvfrom,sendto"
LINE = re.compile(r"(\d+) +(.*)")
BEGUN = re.compile(r"f(?:data)?sync\(\d+")
SYNCED = re.compile(r"(?:f(?:data)?sync\(\d+|<\.\.\. f(?:data)?sync resumed>)\) += 0")


class CannotTrace(Exception):
    """The message is the reason."""


@asynccontextmanager
async def traced(pid: int, file: Path) -> AsyncIterator[None]:
    """Writes the calls of a process and all its descendants into the file, while the block runs."""
    strace = shutil.which("strace")
    if strace is None:
        raise CannotTrace("no_strace")
    pids = family(pid)
    targets = [argument for one in pids for argument in ("-p", str(one))]
    command = (strace, "-f", "-e", f"trace={CALLS}", "-e", "signal=none", "-s", "100000", "-o", str(file), *targets)
    tracer = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.PIPE)
    assert tracer.stderr is not None
    try:
        for _ in pids:
            said = (await tracer.stderr.readline()).decode()
            if "attached" not in said and "No such process" not in said:
                raise CannotTrace(f"strace: {said.strip()}")
        yield
    finally:
        if tracer.returncode is None:
            tracer.terminate()
        await tracer.communicate()


def calls_in(file: Path) -> list[tuple[str, str]]:
    """(process id, call), in order."""
    lines = (LINE.fullmatch(line) for line in file.read_text(errors="replace").splitlines())
    return [(line[1], line[2]) for line in lines if line is not None]


def synced(calls: Iterable[tuple[str, str]], tag: str) -> bool:
    """Whether a sync began and ended between the first request that holds the tag and what its process then sent."""
    taker = ""
    under_way: set[str] = set()
    for pid, call in calls:
        if not taker:
            taker = pid if "recvfrom" in call and tag in call else ""
        elif pid == taker and "sendto" in call:
            return False
        elif SYNCED.match(call) and (call.startswith("f") or pid in under_way):
            return True
        elif BEGUN.match(call):
            under_way.add(pid)
    raise LookupError(f"no request holds {tag}, or none was replied to")
