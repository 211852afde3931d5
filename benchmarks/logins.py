"""W10, PF13: a login through the gateway against one verification of its password."""

import asyncio
import itertools
from collections.abc import Iterator
from functools import partial

import orjson
import uvloop

from benchmarks.commands import parts_of
from benchmarks.figures import Figure
from benchmarks.load import ask
from benchmarks.machine import argon2_ms
from benchmarks.run import Cell, Run, ratios
from benchmarks.school import School
from benchmarks.whole import product_of
from infra.native.running import Running

ROWS = ("PF13",)


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


async def _measure(run: Run, product: Running) -> list[Figure]:
    async with School.opened(product, 1) as school:
        rounds = await run.rounds("logins", {"login": partial(_login, run, school), "raw": _raw})
    figure = Figure("PF13", "ratio", 1.1, 1.3, note=parts_of(rounds, "login"))
    return [run.judged(figure, ratios(rounds, ("login", "cpu"), ("raw", "cpu")))]


async def _login(run: Run, school: School) -> Cell:
    raw = ask("POST", "/api/auth/login", orjson.dumps(school.login))
    return await school.cell(itertools.repeat(raw), 2, run.size.seconds)


async def _raw() -> Cell:
    """Two at a time, as the logins are: they share caches and memory."""
    return {"cpu": sum(await asyncio.gather(*[asyncio.to_thread(argon2_ms, 20) for _ in range(2)])) / 2}
