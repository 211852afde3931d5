"""PF15: an append costs the same however long the log is, and however long somebody looks at an old state of it."""

import time
from collections.abc import Iterator
from statistics import median

import uvloop
from psycopg import AsyncConnection

from benchmarks.cpu import tree_seconds
from benchmarks.figures import Figure
from benchmarks.log import Log, academic_log, call_of, register
from benchmarks.run import Cell, Run
from infra.native.running import Running, running
from shared.database import scalar

ROWS = ("PF15", "PF15-cpu", "PF15-snapshot")
SHORT = 10_000
BATCHES, REGISTERS = 60, 4
"""Saves between two checkpoints, and registers in each: a fixed distance, so that full pages weigh the same."""
SETTINGS = ("checkpoint_timeout = '1h'", "max_wal_size = '16GB'", "autovacuum = off")
SETTLED = 0.1
"""The share of the saves under one snapshot whose median is compared, first against last."""


def measure(run: Run) -> Iterator[Figure]:
    with running("postgres") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    sizes = [min(SHORT, run.size.events // 10)]
    while sizes[-1] * 10 <= run.size.events:
        sizes.append(sizes[-1] * 10)
    async with academic_log(servers) as log:
        async with await AsyncConnection.connect(servers.dsn(), autocommit=True) as admin:
            for setting in SETTINGS:
                await admin.execute(f"ALTER SYSTEM SET {setting}".encode())
            await admin.execute("SELECT pg_reload_conf()")
        cells: list[list[Cell]] = []
        for size in sizes:
            await log.fill(max(0, size - await log.head()))
            cells.append([await _stretch(run, log, servers) for _ in range(run.size.rounds)])
        lasting = [await _under_snapshot(run, log, servers) for _ in range(min(run.size.rounds, 3))]
    run.voided = 0
    wal, cpu = (
        [late[name] / early[name] for early, late in zip(cells[0], cells[-1], strict=True)]
        for name in ("wal", "cpu_us")
    )
    note = f"{sizes[-1]} events against {sizes[0]}, {median(cell['wal'] for cell in cells[-1]):.0f} bytes an event"
    return [
        run.judged(Figure("PF15", "ratio", 1.15, 1.5, note=note), wal),
        run.judged(Figure("PF15-cpu", "ratio", 1.25, 1.5), cpu),
        run.judged(Figure("PF15-snapshot", "ratio", 1.25, 1.5, note=f"{_lasting(run)} saves under one"), lasting),
    ]


async def _stretch(run: Run, log: Log, servers: Running) -> Cell:
    """WAL bytes and CPU of an event, from a checkpoint on."""
    saves = [[register(log.schools[0]) for _ in range(REGISTERS)] for _ in range(BATCHES)]
    await log.admin.execute("CHECKPOINT")
    head, wal = await log.head(), await _wal(log)
    server, ours = tree_seconds([servers.pids["postgres"]]), time.process_time()
    for some in saves:
        await log.store.save(*some, call=call_of(log.schools[0]))
    events = await log.head() - head
    server, ours = tree_seconds([servers.pids["postgres"]]) - server, time.process_time() - ours
    cell = {"wal": (await _wal(log) - wal) / events, "cpu_us": (server + ours) / events * 1e6, "events": events}
    run.note("stretch", head=head, **cell)
    return cell


async def _wal(log: Log) -> float:
    return float(await scalar(log.admin, "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def _lasting(run: Run) -> int:
    return run.size.events // 20


async def _under_snapshot(run: Run, log: Log, servers: Running) -> float:
    """Time of the last saves over that of the first, while one transaction sees the log as it was."""
    costs: list[float] = []
    dsn = log.dsns["superuser"]
    async with await AsyncConnection.connect(dsn) as looking:
        await looking.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await looking.execute("SELECT count(*) FROM academic.event_log")
        for _ in range(_lasting(run)):
            one = register(log.schools[0], marks=0)
            began = time.perf_counter()
            await log.store.save(one, call=call_of(log.schools[0]))
            costs.append(time.perf_counter() - began)
    few = max(1, int(len(costs) * SETTLED))
    first, last = median(costs[:few]), median(costs[-few:])
    run.note("snapshot", saves=len(costs), first_ms=first * 1e3, last_ms=last * 1e3)
    return last / first
