"""G1: a 2xx reply means that the events are on disk. PostgreSQL is killed; syncs are seen; unsafe settings refused.

A kill alone says nothing of syncs, for the page cache survives it: hence the trace."""

import asyncio
import time

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import drawn
from tests.faults.stores import quiet, reading
from tests.faults.syncs import CannotTrace, calls_in, synced, traced
from tests.faults.town.town import Town

RATE = 30.0
FIRST_REPLY_WITHIN = 15.0
MUST_BE_ON = ("fsync", "full_page_writes", "synchronous_commit")
PROCESSES = ("academic.api", "academic.worker")
TRACED = 20


async def durable_reply(arena: Arena) -> None:
    await survive_kills(arena)
    bare = arena.towns.made("bare-G1")
    await bare.start_stores()
    await bare.add("academic.api").start()
    await trace_syncs(arena, bare)
    await bare.remove("academic.api")
    refused = [await refuses(bare, setting) for setting in MUST_BE_ON]
    await bare.stop()
    arena.found.add(settings_refused=sum(refused), power_cut="skipped, it needs LazyFS and FUSE")
    arena.found.must(all(refused), f"processes start although one of {MUST_BE_ON} is off: {refused}")


async def survive_kills(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, {"kill": ["postgres"]}))
    back = []
    async with arena.load(town) as load:
        await load.open_tallies()
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await town["postgres"].kill(fault.lasts)
                await town.ready("postgres")
                back.append(await first_reply(load))
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    late = sorted(back)[max(0, round(0.99 * len(back)) - 1)]
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        first_reply_p99_s=late,
    )
    arena.found.wrong += judgement.wrong
    arena.found.must(late <= FIRST_REPLY_WITHIN, f"the first reply came {late:.1f} s after the recovery")


async def first_reply(load: Load, within: float = 60.0) -> float:
    """Seconds from now to the next command of the load that is done."""
    began = time.monotonic()
    while load.last_done < began:
        if time.monotonic() - began > within:
            raise AssertionError(f"no command was done within {within:g} s")
        await asyncio.sleep(0.01)
    return load.last_done - began


async def trace_syncs(arena: Arena, bare: Town) -> None:
    """With a control: the same trace must miss the syncs of a server that does not wait for them."""
    async with arena.load(bare, tenants=1, base_url=bare.ports.url("academic.api")) as load:
        await load.open_tallies()
        try:
            safe = await count_synced(arena, bare, load, "safe")
        except CannotTrace as reason:
            arena.found.add(sync_proof=f"skipped {reason}")
            return
        await switch(bare, "synchronous_commit", "off")
        unsafe = await count_synced(arena, bare, load, "unsafe")
        await switch(bare, "synchronous_commit", None)
    arena.found.add(synced_replies=f"{safe}/{TRACED}", synced_replies_of_control=f"{unsafe}/{TRACED}")
    arena.found.must(safe == TRACED, f"{TRACED - safe} replies came without a sync")
    arena.found.must(unsafe < TRACED / 2, "the trace sees syncs where there are none")


async def count_synced(arena: Arena, bare: Town, load: Load, name: str) -> int:
    server = bare["postgres"].pid
    assert server is not None
    file = arena.folder / f"strace.{name}"
    tags: list[str] = []
    async with traced(server, file):
        while len(tags) < TRACED:
            intent = load.next_intent()
            await load.send(intent)
            if intent.outcome == "ok":
                tags.append(intent.body["tag"])
    calls = calls_in(file)
    return sum(synced(calls, tag) for tag in tags)


async def refuses(bare: Town, setting: str) -> bool:
    """Whether every process ends at once, and says why."""
    await switch(bare, setting, "off")
    children = [bare.add(name) for name in PROCESSES]
    statuses = await asyncio.gather(*[child.run_out() for child in children])
    told = [f"PostgreSQL runs with {setting}=off" in child.said for child in children]
    for name in PROCESSES:
        await bare.remove(name)
    await switch(bare, setting, None)
    return all(told) and None not in statuses and 0 not in statuses


async def switch(bare: Town, setting: str, value: str | None) -> None:
    """A setting of the whole server, as an operator would change it; None is its default."""
    async with reading(bare) as connection:
        changed = f"SET {setting} = {value}" if value else f"RESET {setting}"
        await connection.execute(f"ALTER SYSTEM {changed}".encode())
        await connection.execute("SELECT pg_reload_conf()")
        shown: tuple[object, ...] | None = None
        while shown != (value or "on",):
            shown = await (await connection.execute(f"SHOW {setting}".encode())).fetchone()
