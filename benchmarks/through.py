"""W9, PF12: what the gateway adds to a small answer, against nginx or the plain byte proxy in its place."""

import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import uvloop

from benchmarks.cpu import tree_seconds
from benchmarks.figures import Figure
from benchmarks.load import answers_to, closed_loop
from benchmarks.nginx import nginx
from benchmarks.run import Cell, Run, ratios
from benchmarks.school import School
from benchmarks.whole import product_of
from infra.native.ports import HOST, Ports
from infra.native.running import Running

ROWS = ("PF12", "PF12-p50", "PF12-nginx")
SMALL = "/orgs"
"""An answer of one row; its token is verified by gateway and service."""


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product, byte_proxy(product.ports.url("academic.api")) as proxy:
        target = product.ports["academic.api"]
        if shutil.which("nginx") is None:
            yield from uvloop.run(_measure(run, product, {"proxy": proxy}))
            return
        with nginx(product.folder, target) as server:
            yield from uvloop.run(_measure(run, product, {"proxy": proxy, "nginx": server}))


@contextmanager
def byte_proxy(target: str) -> Iterator[tuple[int, int]]:
    """Its process and its port."""
    port = Ports.free()["gateway"]
    arguments = ("--port", str(port), "--no-access-log", "--log-level", "error", "--loop", "uvloop")
    server = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "benchmarks.byte_proxy:app", "--http", "httptools", *arguments],
        env=os.environ | {"BENCH_TARGET": target},
    )
    try:
        yield server.pid, port
    finally:
        server.terminate()
        server.wait()


async def _measure(run: Run, product: Running, others: dict[str, tuple[int, int]]) -> list[Figure]:
    gateway = product.pids["gateway"], product.ports["gateway"]
    direct = product.pids["academic.api"], product.ports["academic.api"]
    async with School.opened(product, 1) as school:
        cells = {"gateway": partial(_added, run, school, gateway, "/api/academic")}
        for name, server in {**others, "direct": direct}.items():
            cells[name] = partial(_added, run, school, server, "")
        rounds = await run.rounds("through", cells)
    bare = ratios(rounds, ("gateway", "cpu"), ("proxy", "cpu"))
    slower = [one["gateway"]["p50"] - one["direct"]["p50"] for one in rounds]
    known = ratios(rounds, ("gateway", "cpu"), ("nginx", "cpu")) if "nginx" in others else []
    against = "of the byte proxy's CPU" + ("" if known else ", nginx is not there")
    return [
        run.judged(Figure("PF12", "ratio", 0.5, 1.3, note=against), bare),
        run.judged(Figure("PF12-p50", "ms", run.factor, None, note="slower than direct, 1 connection"), slower),
        run.judged(Figure("PF12-nginx", "ratio", 3, 8, note="token verified", missing=not known), known),
    ]


async def _added(run: Run, school: School, server: tuple[int, int], prefix: str) -> Cell:
    """CPU of one process tree for each request that goes through it."""
    await school.signed_in()
    pid, port = server
    raw = school.get(SMALL, prefix)
    answer = (await answers_to(HOST, port, [raw], 1))[0]
    assert answer.status == 200
    alone = await closed_loop(HOST, port, itertools.repeat(raw), 1, run.size.seconds / 4, patience=30)
    before = tree_seconds([pid])
    loaded = await closed_loop(HOST, port, itertools.repeat(raw), 8, run.size.seconds)
    assert not loaded.refused, loaded.statuses
    return {
        "cpu": (tree_seconds([pid]) - before) / loaded.count * 1e3,
        "count": loaded.count,
        "rate": loaded.count / loaded.seconds,
        "p50": sorted(alone.latencies)[alone.count // 2],
    }
