"""G11: a full disk stops writes, never corrupts."""

import asyncio
import time
from contextlib import ExitStack

import psycopg

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet, reading
from tests.faults.town.small_disk import SmallDisk, small_disk
from tests.faults.town.town import Town

RATE = 8.0
MEGABYTES = 256
HEALED = 60.0
STRUCK = 30.0
KINDS = {"full": ("store", "store-log", "kafka")}


async def disk_full(arena: Arena) -> None:
    """`store`: no table can grow. `store-log`: nor can the write-ahead log. `kafka`: its log."""
    town = arena.towns.made("small-disks")
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(1.0, 3.0)))
    with ExitStack() as stack:
        disks = {
            "store": stack.enter_context(small_disk(town.state.postgres_home(), MEGABYTES)),
            "kafka": stack.enter_context(small_disk(town.folder / "kafka", MEGABYTES)),
        }
        try:
            await town.start("gateway", "academic.api", "academic.worker", "billing.worker")
            for server in ("postgres", "kafka"):
                town[server].away = 0.5
            async with arena.load(town) as load:
                await under_load(arena, town, load, plan.faults, disks)
        finally:
            await town.stop()


async def under_load(
    arena: Arena, town: Town, load: Load, faults: tuple[Fault, ...], disks: dict[str, SmallDisk]
) -> None:
    healed = [0.0]
    struck = dict.fromkeys(KINDS["full"], 0)
    await load.open_tallies()
    async with load.flowing(RATE):
        for fault in faults:
            target = fault.targets[0]
            disk = disks["kafka" if target == "kafka" else "store"]
            await asyncio.sleep(fault.after)
            disk.fill()
            struck[target] += await strikes(town, load, target)
            await asyncio.sleep(fault.lasts)
            if target == "kafka":
                await check_queries(arena, load)
            disk.free()
            began = time.monotonic()
            await town.ready("postgres", "kafka")
            await load.until_done()
            await load.resolve()
            await quiet(town)
            healed.append(time.monotonic() - began)
    unknown = await load.resolve()
    await quiet(town)
    judgement = await judge(town, load.ledger)
    errors = [call for call in load.calls if call.status >= 500]
    wrong = [c for c in errors if c.status not in (503, 507) or c.content_type != "application/problem+json"]
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        problems=len(errors),
        other_5xx=len(wrong),
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        healed_max_s=max(healed),
        **{f"{target}_hit".replace("-", "_"): hits for target, hits in struck.items()},
    )
    arena.found.must(not wrong, f"not a problem of a full disk: {wrong[:2]}")
    arena.found.must(max(healed) <= HEALED, f"healed only after {max(healed):.1f} s")
    arena.found.wrong += judgement.wrong


async def strikes(town: Town, load: Load, target: str) -> int:
    """1 when the full disk was felt: a command that the store refused, or a broker that is behind or gone."""
    give_up = time.monotonic() + STRUCK
    begun, died = len(load.calls), len(town["kafka"].exits)
    while time.monotonic() < give_up:
        if target == "kafka":
            if len(town["kafka"].exits) > died:
                return 1
        elif any(call.status >= 500 for call in load.calls[begun:]):
            return 1
        if target == "store-log":
            await next_segment(town)
        await asyncio.sleep(0.1)
    raise AssertionError(f"the full disk of {target} was not felt within {STRUCK:g} s")


async def next_segment(town: Town) -> None:
    """The write-ahead log goes on in another file, which has to be made when no old one is left over."""
    try:
        async with reading(town) as connection:
            await connection.execute("SELECT pg_switch_wal()")
    except psycopg.Error:
        return


async def check_queries(arena: Arena, load: Load) -> None:
    """Kafka's disk is full: what is known is still told."""
    tenant = load.tenants[0]
    for _ in range(10):
        status, _ = await load.get(tenant, f"/api/academic/tallies/{load.tallies[tenant][0]}")
        arena.found.must(status == 200, f"a query was answered with {status} while Kafka's disk was full")
