"""W5, PF1: appends by 32 callers against pgbench's one-row autocommit insert, in interleaved rounds of one run."""

import asyncio
import gc
import re
import secrets
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import uvloop
from psycopg import AsyncConnection

from benchmarks.figures import Figure
from benchmarks.run import Cell, Run, ratios
from infra.native.postgres import binaries
from infra.native.running import running
from infra.testing.harness import PASSWORDS, login
from infra.testing.toy import SERVICE, Shelf
from shared.calls import Actor, Call, Claim
from shared.codec import Codec
from shared.database import migrate, open_pool, provision
from shared.garbage import collect_rarely
from shared.ids import uuid7
from shared.store import EventStore
from shared.writer import Writer

ROWS = ("PF1", "PF1-keyed")
CALLERS, CLIENTS = 32, 16
MOST = 40_000
"""More saves a second than are ever reached."""
SCRIPT = """insert into raw (originator_id, originator_version, topic, state, tenant_id)
values (uuidv7(), 1, 'academic.shelf_put_up', decode(repeat('7b', 240), 'hex'), '01990000-0000-7000-8000-000000000001');
"""
RAW = """create table raw (originator_id uuid, originator_version bigint, topic text, state bytea,
notification_id bigserial, tenant_id uuid, recorded_at timestamptz default clock_timestamp(),
primary key (originator_id, originator_version)); create unique index on raw (notification_id)"""


def measure(run: Run) -> Iterator[Figure]:
    with running("postgres") as servers:
        yield from uvloop.run(_measure(run, servers.dsn()))


async def _measure(run: Run, superuser: str) -> list[Figure]:
    seconds = run.size.seconds
    async with await AsyncConnection.connect(superuser, autocommit=True) as admin:
        await admin.execute("CREATE DATABASE bench")
    server = superuser.rpartition("/")[0]
    await provision(f"{server}/bench", SERVICE.name, PASSWORDS)
    await migrate(login(server, "academic_owner", PASSWORDS["owner"], "bench"), SERVICE.name)
    async with await AsyncConnection.connect(f"{server}/bench", autocommit=True) as admin:
        await admin.execute(RAW)
    dsn = login(server, "academic_api", PASSWORDS["api"], "bench")
    writer = Writer(dsn, SERVICE.name)
    await writer.start()
    async with open_pool(dsn) as pool:
        store = EventStore(SERVICE.name, pool, writer, Codec(SERVICE.aggregates))
        await append(store, 0.5, keyed=False)
        rounds = await run.rounds(
            "append",
            {
                "limit": partial(asyncio.to_thread, _pgbench, f"{server}/bench", seconds),
                "plain": partial(append, store, seconds, keyed=False),
                "keyed": partial(append, store, seconds, keyed=True),
            },
        )
    await writer.stop()
    limit, note = ("limit", "rate"), f"{CALLERS} callers, pgbench {CLIENTS} clients"
    plain, keyed = Figure("PF1", "ratio", 1.5, 1.0, more=True), Figure("PF1-keyed", "ratio", 1.5, 1.0, more=True)
    return [
        run.judged(replace(plain, note=note), ratios(rounds, ("plain", "rate"), limit)),
        run.judged(replace(keyed, note="with key and claim each"), ratios(rounds, ("keyed", "rate"), limit)),
    ]


async def append(store: EventStore, seconds: float, *, keyed: bool, callers: int = CALLERS) -> Cell:
    """Saves per second of new aggregates, one event each, which were decided beforehand: a `Call`, encoding, checks
    and the append are inside."""
    tenant, stored, now = uuid7(), 0, datetime.now(UTC)
    made = iter([decided(tenant, now) for _ in range(int(seconds * MOST * min(1, callers / 8)))])
    collect_rarely()
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal stored
        while time.perf_counter() < until and (shelf := next(made, None)) is not None:
            call = Call(
                tenant_id=tenant,
                actor=Actor("user", "bench"),
                now=now,
                correlation_id=shelf.id,
                key=secrets.token_bytes(32) if keyed else None,
                kind="bench",
                fingerprint=b"bench",
            )
            claims = [Claim(tenant, "shelf", str(shelf.id), shelf.id)] if keyed else ()
            await store.save(shelf, call=call, claims=claims)
            stored += 1

    began = time.perf_counter()
    await asyncio.gather(*[caller() for _ in range(callers)])
    rate = stored / (time.perf_counter() - began)
    gc.unfreeze()
    return {"rate": rate}


def decided(tenant: UUID, now: datetime) -> Shelf:
    return Shelf(id=uuid7(), tenant_id=tenant, name="one of many", owner=None, timestamp=now)


def _pgbench(dsn: str, seconds: float) -> Cell:
    """Transactions per second."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "insert.sql"
        script.write_text(SCRIPT)
        asked = [
            "-n",
            "-M",
            "prepared",
            "-c",
            str(CLIENTS),
            "-j",
            "2",
            "-T",
            str(max(1, round(seconds))),
            "-f",
            str(script),
        ]
        done = subprocess.run(
            [binaries() / "pgbench", *asked, dsn], check=True, capture_output=True, text=True, cwd="/"
        )
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(done.stdout)
    return {"rate": float(found[1])}
