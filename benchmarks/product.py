"""W15: start of the product (PF18), and the memory of its processes."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.run import Run
from infra.native.running import Running

ROWS = ("PF18", "PSS")
SERVERS = ("postgres", "kafka")


def measure(run: Run) -> Iterator[Figure]:
    """One product: started twice, then told the story."""
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
            subprocess.run(
                [sys.executable, "-m", "infra.story", product.base_url, product.inbox_url],
                check=True,
                capture_output=True,
            )
            yield from memory(product)
        finally:
            product.stop()


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
