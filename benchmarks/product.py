"""W4 and W15: command to visible (PF6), start of the product (PF18), memory of its processes."""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import uvloop

from benchmarks.figures import Figure, percentile_interval
from benchmarks.run import Run
from infra.native.running import Running
from infra.testing.client import Client

ROWS = ("PF6", "PF6-foreign", "PF18", "PSS")
SERVERS = ("postgres", "kafka")
PAUSE = 0.05


def measure(run: Run) -> Iterator[Figure]:
    """One product: started twice, told the story, then asked while idle."""
    with tempfile.TemporaryDirectory(prefix="rollbook-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        first = Running("all", folder)
        first.start()
        first.stop()
        product = Running("all", folder)
        began = time.perf_counter()
        product.start()
        seconds = time.perf_counter() - began
        try:
            yield Figure("PF18", "s", 20, 20, seconds, seconds, seconds, note="(second start to all nine ready)")
            yield from uvloop.run(_visible(product.base_url, run.size.samples))
            subprocess.run([sys.executable, "-m", "infra.story", product.base_url], check=True, capture_output=True)
            yield from memory(product)
        finally:
            product.stop()


async def _visible(base_url: str, samples: int) -> list[Figure]:
    """Open loop at 20 commands a second at most: the time from sending a command to the answer that shows it."""
    own: list[float] = []
    foreign: list[float] = []
    async with Client(base_url) as client:
        await client.register_school("Bench school")
        orgs = await client.get("/api/academic/orgs")
        org = orgs[0]["id"]
        course = await client.post("/api/academic/courses", {"title": "Bench", "org_id": org})
        for n in range(samples):
            began = time.perf_counter()
            body = {"title": f"Class {n}", "org_id": org, "course_id": course["id"]}
            class_id = (await client.post("/api/academic/classes", body))["id"]
            await client.get(f"/api/academic/classes/{class_id}")
            own.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE)
        person = {"given_name": "Eva", "family_name": "Bench", "roles": ["student"]}
        for _ in range(samples):
            student = (await client.post("/api/academic/people", person))["id"]
            began = time.perf_counter()
            await client.post(f"/api/academic/classes/{class_id}/enrolments", {"person_id": student, "begin_on": None})
            await client.get("/api/billing/agreements?limit=1")
            foreign.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(PAUSE)
    note = f"({samples} samples, p99, idle, through the gateway)"
    return [
        Figure("PF6", "ms", 50, 250, *percentile_interval(own, 0.99), note=f"own view {note}"),
        Figure("PF6-foreign", "ms", 50, 250, *percentile_interval(foreign, 0.99), note=f"through Kafka {note}"),
        Figure("PF6-p50", "ms", 15, 250, *percentile_interval(own, 0.5), note="own view"),
        Figure("PF6-foreign-p50", "ms", 15, 250, *percentile_interval(foreign, 0.5), note="through Kafka"),
    ]


def memory(product: Running) -> Iterator[Figure]:
    """PSS of every Python process after the story."""
    for name, pid in sorted(product.pids.items()):
        if name not in SERVERS:
            size = pss(pid)
            yield Figure(f"PSS-{name}", "MiB", 90, 150, size, size, size)


def pss(pid: int) -> float:
    text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(r"^Pss:\s+(\d+) kB", text, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"no PSS of {pid}")
    return int(found[1]) / 1024
