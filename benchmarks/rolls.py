"""W2, PF5: the roll of a class of 30 through the gateway, against 30 rows that are upserted in the same run."""

from collections.abc import Iterator
from functools import partial

import uvloop
from psycopg import AsyncConnection

from benchmarks.commands import parts_of
from benchmarks.figures import Figure
from benchmarks.load import closed_loop
from benchmarks.run import Cell, Run, ratios, values
from benchmarks.school import School
from benchmarks.whole import product_of
from infra.native.ports import HOST
from infra.native.running import Running
from shared.ids import uuid7

ROWS = ("PF5", "PF5-billed", "PF5-wal", "PF5-wal-both")
ELSEWHERE = ("billing", "exports")
"""Services that make more of a roll than the bar's attendance does."""
MOST = 300
"""More rolls a second than are ever reached."""
ROLLS = 60
"""Rolls while the workers rest, for what the append itself writes; and rolls of rows."""
RAW = """CREATE TABLE IF NOT EXISTS crud (class_id uuid, meeting_id uuid, student_id uuid, held_on date, code text,
present bool, billable bool, marked_by uuid, marked_at timestamptz, PRIMARY KEY (meeting_id, student_id));
CREATE INDEX IF NOT EXISTS crud_student ON crud (student_id, held_on)"""
UPSERT = """INSERT INTO crud SELECT %s, %s, s, '2026-09-01', 'P', true, true, %s, now() FROM unnest(%s::uuid[]) s
ON CONFLICT (meeting_id, student_id) DO UPDATE SET code = excluded.code, marked_at = excluded.marked_at"""


def measure(run: Run) -> Iterator[Figure]:
    with product_of() as product:
        yield from uvloop.run(_measure(run, product))


class Days:
    """A class has one meeting at a time of a day: every cell goes on behind the last one's."""

    def __init__(self, class_id: str) -> None:
        self.class_id = class_id
        self.next = 0

    async def rolls(self, school: School, count: int) -> Iterator[bytes]:
        first, self.next = self.next, self.next + count
        return await school.rolls(self.class_id, count, first)


async def _measure(run: Run, product: Running) -> list[Figure]:
    async with School.opened(product) as school:
        days = Days(await school.full_class())
        await _roll(run, school, days)
        cells = {
            "roll": partial(_roll, run, school, days, ELSEWHERE),
            "billed": partial(_roll, run, school, days),
            "alone": partial(_alone, school, days),
            "upsert": partial(_upsert, school),
        }
        rounds = await run.rounds("rolls", cells)
    factor = run.factor
    return [
        run.judged(
            Figure("PF5", "ms", 1.9 * factor, 3.4 * factor, note=parts_of(rounds, "roll")),
            values(rounds, "roll", "cpu"),
        ),
        run.judged(
            Figure("PF5-billed", "ms", 1.9 * factor, None, note=parts_of(rounds, "billed")),
            values(rounds, "billed", "cpu"),
        ),
        run.judged(
            Figure("PF5-wal", "ratio", 0.15, None, note="write side alone"),
            ratios(rounds, ("alone", "wal"), ("upsert", "wal")),
        ),
        run.judged(
            Figure("PF5-wal-both", "ratio", 1.2, None, note="with relay and views"),
            ratios(rounds, ("roll", "wal"), ("upsert", "wal")),
        ),
    ]


async def _roll(run: Run, school: School, days: Days, without: tuple[str, ...] = ()) -> Cell:
    await school.signed_in()
    asks = await days.rolls(school, int(run.size.seconds * MOST))
    return await school.cell(asks, 8, run.size.seconds, without=without)


async def _alone(school: School, days: Days) -> Cell:
    """WAL of the commands while all workers are stopped for a moment."""
    await school.signed_in()
    asks = await days.rolls(school, ROLLS)
    await school.drained()
    workers = [name for name in school.product.pids if name.endswith(".worker")]
    before = await school.wal()
    with school.stopped(*workers):
        loaded = await closed_loop(HOST, school.product.ports["gateway"], asks, 8, 3.0)
        return {"wal": (await school.wal() - before) / loaded.count, "count": loaded.count}


async def _upsert(school: School) -> Cell:
    """WAL of 30 rows, as a service without events would write them, while the product rests."""
    await school.drained()
    async with await AsyncConnection.connect(school.product.dsn(), autocommit=True) as connection:
        await connection.execute(RAW)
        before = await school.wal()
        for _ in range(ROLLS):
            await connection.execute(UPSERT, (uuid7(), uuid7(), uuid7(), school.students))
        return {"wal": (await school.wal() - before) / ROLLS}
