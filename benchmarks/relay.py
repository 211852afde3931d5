"""W6, PF7: the relay works off a backlog of one school, against `kafka-producer-perf-test` at equal settings."""

from collections.abc import Iterator
from functools import partial
from statistics import median

import uvloop

from benchmarks.child import OF_RELAY, role
from benchmarks.cpu import tree_seconds
from benchmarks.figures import Figure
from benchmarks.log import GENERATION, Log, academic_log
from benchmarks.perf_test import make_topic, perf_test, tools
from benchmarks.run import LEAST, Cell, Round, Run, ratios, values
from infra.native.running import Running, running
from shared.records import partition_of
from shared.topics import events_topic

ROWS = ("PF7", "PF7-ratio", "PF7-cpu")
FEW = 3_000


def measure(run: Run) -> Iterator[Figure]:
    with running("servers") as servers:
        yield from uvloop.run(_measure(run, servers))


async def _measure(run: Run, servers: Running) -> list[Figure]:
    backlog = run.size.events // 2
    goal, must = 100_000 / run.factor, 30_000 / run.factor
    async with academic_log(servers, schools=1) as log:
        await _relay(log, servers, FEW)
        size = _record_size(log, servers, await log.head())
        cells = {"relay": partial(_relay, log, servers, backlog)}
        if (jar := await tools()) is not None:
            await make_topic(servers.kafka)
            cells["limit"] = partial(perf_test, jar, servers.kafka, backlog * 4, size)
        rounds = await run.rounds("relay", cells, min(run.size.rounds, 7) if backlog < 100_000 else LEAST)
    note = f"backlog {backlog}, {size} bytes a record"
    shares = ratios(rounds, ("relay", "rate"), ("limit", "rate")) if jar else []
    best = max(values(rounds, "limit", "rate"), default=0.0) if jar else 0.0
    enough = max(must, min(goal, 0.7 * best)) if best else goal
    return [
        run.judged(Figure("PF7", "events/s", enough, must, more=True, note=note), values(rounds, "relay", "rate")),
        run.judged(
            Figure("PF7-ratio", "ratio", 0.7, must / best if best else None, more=True, missing=jar is None), shares
        ),
        run.judged(
            Figure("PF7-cpu", "us", 10 * run.factor, None, note=_servers(rounds)), values(rounds, "relay", "cpu_us")
        ),
    ]


def _servers(rounds: list[Round]) -> str:
    """What the same events cost the two servers."""
    kafka, postgres = (median(values(rounds, "relay", name)) for name in ("kafka_us", "postgres_us"))
    return f"the relay alone; Kafka {kafka:.3g}, PostgreSQL {postgres:.3g}"


async def _relay(log: Log, servers: Running, backlog: int) -> Cell:
    await log.fill(backlog)
    head = await log.head()
    names = ("kafka", "postgres")
    async with role(log.environment, "relay", "academic") as worker:
        before = {name: tree_seconds([servers.pids[name]]) for name in names}
        progress = await worker.reached(log.admin, OF_RELAY, None, head)
        ours = worker.cpu
        costs = {f"{name}_us": (tree_seconds([servers.pids[name]]) - before[name]) for name in names}
    events = progress.last - progress.start
    each = {name: cost / events * 1e6 for name, cost in {"cpu_us": ours, **costs}.items()}
    return {"rate": progress.pace, "events": events, **each}


def _record_size(log: Log, servers: Running, records: int) -> int:
    """With key and headers, as the broker stores it."""
    topic = f"{events_topic('academic', GENERATION)}-{partition_of(log.schools[0])}"
    files = (servers.folder / "kafka" / "data" / topic).glob("*.log")
    return round(sum(file.stat().st_size for file in files) / records)
