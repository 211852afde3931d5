"""W1, PF3 and PF4: a student is enrolled through the gateway, by 1, 8 and 32 connections that never pause."""

from collections.abc import Iterator
from functools import partial
from statistics import median

import uvloop

from benchmarks.figures import Figure
from benchmarks.load import ask
from benchmarks.run import Cell, Round, Run, ratios, values
from benchmarks.school import School, stay
from benchmarks.whole import product_of
from infra.native.running import Running
from shared.ids import uuid7

ROWS = ("PF3", "PF3-sync", "PF3-1", "PF4", "PF4-direct")
MOST = 1_500
"""More commands a second than are ever reached."""
PARTS = (
    "gateway",
    "auth.api",
    "academic.api",
    "academic.worker",
    "billing.worker",
    "exports.worker",
    "postgres",
    "kafka",
)


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


async def _measure(run: Run, product: Running) -> list[Figure]:
    async with School.opened(product) as school:
        await _check(school)
        await _enrol(run, school, 8)
        cells = {str(count): partial(_enrol, run, school, count) for count in (1, 8, 32)}
        cells["direct"] = partial(_enrol, run, school, 32, direct=True)
        rounds = await run.rounds("commands", {**cells, "rest": partial(school.at_rest, run.size.seconds)})
    factor = run.factor
    many, one = (f"connections {parts_of(rounds, count)}" for count in ("8", "1"))
    sync = Figure(
        "PF3-sync", "ms", 3.8 * factor, 3.8 * factor, note="8 connections, gateway, APIs, PostgreSQL for them"
    )
    direct = Figure("PF4-direct", "ratio", 0.6, None, more=True, note="32 connections")
    return [
        run.judged(Figure("PF3", "ms", 1.7 * factor, None, note=many), values(rounds, "8", "cpu")),
        run.judged(Figure("PF3-1", "ms", 1.7 * factor, None, note=one), values(rounds, "1", "cpu")),
        run.judged(sync, values(rounds, "8", "synchronous")),
        run.judged(
            Figure("PF4", "req/s", 780 / factor, 380 / factor, more=True, note=_beside(rounds)),
            values(rounds, "8", "rate"),
        ),
        run.judged(direct, ratios(rounds, ("32", "rate"), ("direct", "rate"))),
    ]


async def _check(school: School) -> None:
    """A benchmark of wrong answers is void: enrolled once, not twice, in a class that there is, by somebody known."""
    class_id, student = (await school.classes(1))[0], school.students[0]
    path = f"/classes/{class_id}/enrolments"
    once, again = school.post(path, stay(student)), school.post(path, stay(student))
    missing = school.post(f"/classes/{uuid7()}/enrolments", stay(student))
    found = await school.statuses(once, once, again, missing, ask("POST", f"/api/academic{path}", b"{}"))
    assert found == [201, 201, 409, 404, 401], found


async def _enrol(run: Run, school: School, connections: int, *, direct: bool = False) -> Cell:
    await school.signed_in()
    seconds = run.size.seconds * (1 if connections > 1 else 2)
    most = int(seconds * (MOST if connections > 1 else MOST // 4))
    asks = await school.enrolments(most, "" if direct else "/api/academic")
    return await school.cell(asks, connections, seconds, "academic.api" if direct else "gateway")


def parts_of(rounds: list[Round], cell: str) -> str:
    """Where the time goes."""
    parts = [f"{name} {median(values(rounds, cell, name)):.2f}" for name in PARTS] if rounds else []
    return f"{cell}: {', '.join(parts)}"


def _beside(rounds: list[Round]) -> str:
    share = median(values(rounds, "8", "client")) if rounds else 0.0
    rest = median(values(rounds, "rest", "cpu")) if rounds else 0.0
    return f"8 connections, generator {share:.0%} of the CPU, at rest {rest:.0f} ms a second"
