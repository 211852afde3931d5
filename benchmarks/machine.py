"""The machine of a run: its factor against the calibration machine, its disk, its versions."""

import itertools
import math
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import uvloop
from argon2 import PasswordHasher

from benchmarks.cpu import tree_seconds
from benchmarks.load import ask, closed_loop
from benchmarks.run import Run
from infra.native import kafka, postgres
from infra.native.ports import HOST, Ports

ARGON2_MS, PING_MS = 18.3, 0.09
"""Of the calibration machine."""
PACKAGES = ("eventsourcing", "psycopg", "aiokafka", "faststream", "fastapi", "uvicorn", "uvloop", "pydantic", "orjson")


def describe(run: Run, folder: Path) -> str:
    """Measures and notes what every figure of this run depends on."""
    argon2, ping, flush = argon2_ms(), ping_ms(), flush_ms(folder)
    run.factor = math.sqrt(argon2 / ARGON2_MS * ping / PING_MS)
    found = {"factor": run.factor, "argon2_ms": argon2, "ping_ms": ping, "flush_ms": flush}
    about = {"cores": os.cpu_count(), "python": platform.python_version(), "kernel": platform.release()}
    servers = {
        "postgres": [postgres.INSTALL, version(postgres.PACKAGE)],
        "settings": postgres.SETTINGS,
        "kafka": kafka.JVM,
    }
    packages = {name: version(name) for name in PACKAGES}
    run.note("machine", size=vars(run.size), packages=packages, servers=servers, **found, **about)
    shown = " ".join(f"{name}={value:.3g}" for name, value in found.items())
    return f"machine {shown} cores={os.cpu_count()} load={os.getloadavg()[0]:.1f} size={run.size.name}"


def argon2_ms(times: int = 7) -> float:
    """CPU of one verification with the parameters of the product."""
    hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
    hashed = hasher.hash("bench")
    costs: list[float] = []
    for _ in range(times):
        began = time.thread_time()
        hasher.verify(hashed, "bench")
        costs.append((time.thread_time() - began) * 1e3)
    return statistics.median(costs)


def ping_ms(times: int = 12_000) -> float:
    """CPU of the server for one request to a bare ASGI application."""
    port = Ports.free()["gateway"]
    arguments = ("--port", str(port), "--no-access-log", "--log-level", "error", "--loop", "uvloop")
    server = subprocess.Popen([sys.executable, "-m", "uvicorn", "benchmarks.ping:app", *arguments])

    async def pings(count: int) -> None:
        await closed_loop(HOST, port, itertools.repeat(ask("GET", "/"), count), connections=8, seconds=60, patience=60)

    try:
        uvloop.run(pings(times // 10))
        before = tree_seconds([server.pid])
        uvloop.run(pings(times))
        return (tree_seconds([server.pid]) - before) / times * 1e3
    finally:
        server.terminate()
        server.wait()


def flush_ms(folder: Path, times: int = 200) -> float:
    """A page written and flushed, as a commit does it; the median."""
    path = folder / f"flush-{os.getpid()}"
    costs: list[float] = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            began = time.perf_counter()
            file.write(bytes(8192))
            os.fdatasync(file.fileno())
            costs.append((time.perf_counter() - began) * 1e3)
    path.unlink()
    return statistics.median(costs)
