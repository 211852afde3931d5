"""G20: the core protocols hold in every schedule that is drawn: real code, virtual time, faults at each step."""

import asyncio
import multiprocessing
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from tests.faults.arena import Arena
from tests.faults.simulator.simulate import Outcome, Violation, simulate

AT_ONCE = 100
WITHIN = 30.0


async def simulated(arena: Arena) -> None:
    """`trials` are thousands of schedules. What does not fit into the time is left out, and not counted."""
    began = time.monotonic()
    schedules, injected = 0, Counter[str]()
    violations: list[Violation] = []
    async for outcome in outcomes(arena.run_key, arena.trials * 1_000):
        schedules += outcome.schedules
        injected += outcome.injected
        violations += outcome.violations
    arena.found.add(
        schedules=schedules,
        violations=len(violations),
        faults=injected.total(),
        kinds=len(injected),
        schedules_per_s=schedules / (time.monotonic() - began),
    )
    for violation in violations:
        arena.found.wrong.append(f"schedule {violation.schedule} of run key {arena.run_key}: {violation.what}")
        (arena.folder / f"schedule-{violation.schedule}.txt").write_text("\n".join(violation.trace))
    arena.found.must(injected.total() > 0, "no fault was injected")


async def outcomes(run_key: int, schedules: int) -> AsyncIterator[Outcome]:
    """In processes of their own, one per core: the simulator swaps names of the kernel."""
    loop = asyncio.get_running_loop()
    cores = os.cpu_count() or 1
    starts = iter(range(0, schedules, AT_ONCE))
    until = loop.time() + WITHIN
    with ProcessPoolExecutor(cores, multiprocessing.get_context("spawn")) as pool:

        async def one_after_the_other() -> list[Outcome]:
            found = []
            for first in starts:
                count = min(AT_ONCE, schedules - first)
                found.append(await loop.run_in_executor(pool, partial(simulate, run_key, count, first=first)))
                if loop.time() > until:
                    break
            return found

        for found in await asyncio.gather(*[one_after_the_other() for _ in range(cores)]):
            for outcome in found:
                yield outcome
