"""W8, PF10 and PF11: lists and the dashboard through the gateway, and how late they are against SQL alone."""

import itertools
import time
from collections.abc import Iterator
from functools import partial

import psycopg
import uvloop
from psycopg import sql

from benchmarks.commands import parts_of
from benchmarks.figures import Figure, percentile
from benchmarks.load import closed_loop, open_loop
from benchmarks.run import Cell, Run, values
from benchmarks.school import School
from benchmarks.whole import product_of
from infra.native.ports import HOST
from infra.native.running import Running

ROWS = ("PF10", "PF10-classes", "PF10-p99", "PF10-search", "PF11")
PEOPLE, CLASSES = 300, 60
BAR = 2.2
"""CPU ms of the list of 50 of the service to beat, on the calibration machine."""
SHARE = 0.3
LATE_MS = 3.0
SQL = """SELECT id, given_name, family_name, email, middle_name, username, phone, identifier, roles, org_ids, grades,
source_id, archived, ARRAY(SELECT g.guardian_id FROM {0}.guardian g WHERE g.tenant_id = person.tenant_id
AND g.person_id = person.id ORDER BY 1) FROM {0}.person WHERE tenant_id = %s AND 'student' = ANY (roles)
ORDER BY id LIMIT 51"""


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


async def _measure(run: Run, product: Running) -> list[Figure]:
    async with School.opened(product, PEOPLE) as school:
        await school.classes(CLASSES)
        await school.drained()
        capacity = (await _list(run, school, "/people?role=student&limit=50"))["rate"]
        rounds = await run.rounds(
            "queries",
            {
                "people": partial(_list, run, school, "/people?role=student&limit=50"),
                "classes": partial(_list, run, school, "/classes?limit=50"),
                "dashboard": partial(_dashboard, run, school),
                "late": partial(_late, run, school, capacity * SHARE),
                "sql": partial(_alone, run, product.dsn(), school.tenant),
            },
        )
    goal, must = 0.5 * BAR * run.factor, 0.8 * BAR * run.factor
    late = [one["late"]["p99"] - one["sql"]["p99"] for one in rounds]
    return [
        run.judged(Figure("PF10", "ms", goal, must, note=parts_of(rounds, "people")), values(rounds, "people", "cpu")),
        run.judged(
            Figure("PF10-classes", "ms", goal, must, note=parts_of(rounds, "classes")), values(rounds, "classes", "cpu")
        ),
        run.judged(Figure("PF10-p99", "ms", LATE_MS, None, note="later than SQL alone, at 30 % load"), late),
        run.judged(
            Figure("PF11", "ms", 2.3 * run.factor, 5.9 * run.factor, note="read model, at most PF6 old"),
            values(rounds, "dashboard", "cpu"),
        ),
        Figure("PF10-search", "ms", goal, must, note="(there is no search by prefix to ask)"),
    ]


async def _list(run: Run, school: School, path: str) -> Cell:
    """A list of 50, asked by 8 connections."""
    await school.signed_in()
    raw = school.get(path)
    answer = (await school.answers([raw]))[0]
    assert answer.body.count(b'"id"') == 50, answer.body[:300]
    return await _asked(run, school, raw)


async def _asked(run: Run, school: School, raw: bytes) -> Cell:
    """After a warm-up, in which pools open their connections."""
    await closed_loop(HOST, school.product.ports["gateway"], itertools.repeat(raw), 8, run.size.seconds / 3)
    return await school.cell(itertools.repeat(raw), 8, run.size.seconds)


async def _dashboard(run: Run, school: School) -> Cell:
    """The school in numbers, from the views of two services."""
    await school.signed_in()
    return await _asked(run, school, school.get("/school", "/api/dashboards"))


async def _late(run: Run, school: School, rate: float) -> Cell:
    await school.signed_in()
    asks = itertools.repeat(school.get("/people?role=student&limit=50"))
    seconds = max(run.size.seconds, run.size.samples / rate)
    loaded = await open_loop(HOST, school.product.ports["gateway"], asks, rate, seconds)
    assert not loaded.refused, loaded.statuses
    return {"p50": percentile(loaded.latencies, 0.5), "p99": percentile(loaded.latencies, 0.99), "count": loaded.count}


async def _alone(run: Run, dsn: str, tenant: str) -> Cell:
    """The statement of the list, prepared, on one connection."""
    costs: list[float] = []
    with psycopg.connect(dsn) as connection:
        row = connection.execute("SELECT schema FROM academic.builds WHERE live AND view = 'directory'").fetchone()
        assert row is not None
        query = sql.SQL(SQL).format(sql.Identifier(row[0]))
        for _ in range(max(200, run.size.samples)):
            began = time.perf_counter()
            found = connection.execute(query, (tenant,), prepare=True).fetchall()
            costs.append((time.perf_counter() - began) * 1e3)
            assert len(found) == 51
    return {"p50": percentile(costs, 0.5), "p99": percentile(costs, 0.99)}
