"""G10: while the store is away, commands answer 503 fast; then all heals alone. Another history stops the service."""

import asyncio
import os
import sys
import time
from signal import SIGINT, SIGQUIT

import psycopg

from infra.native import reach
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet, reading
from tests.faults.town.town import SERVICES, Town

RATE = 8.0
KINDS = {"restart": ("fast", "immediate"), "stop": ("fast",)}
SIGNALS = {"fast": SIGINT, "immediate": SIGQUIT}
FIRST, LONGEST, HEALED = 2.0, 10.0, 15.0
MOST = {"api": 9, "worker": 24}
"""Connections of one process: the full pool, the writer's, and those of its roles."""
OPERATED = ("academic.api", "academic.worker", "academic.worker.2", "billing.api", "billing.worker")


async def postgres_away(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(3.0, 6.0)))
    exits = {name: len(child.exits) for name, child in town.children.items() if name != "postgres"}
    outages = Outages(town)
    async with arena.load(town) as load:
        await load.open_tallies()
        await load.until_steady(2 * RATE)
        before = await connections(town)
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await outages.one(fault, load)
        await load.resolve()
        await load.until_steady(2 * RATE)
        after = await connections(town)
        ended = [name for name, count in exits.items() if len(town[name].exits) > count]
        arena.found.must(not ended, f"these processes ended: {ended}")
        noticed = await other_history(arena, town, load)
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    check_answers(arena, load, outages)
    leaked = {name: count for name, count in after.items() if count > max(before.get(name, 0), most(name))}
    arena.found.must(not leaked, f"connections before {before}, after {after}")
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        healed_max_s=max(outages.healed, default=0.0),
        leaked=sum(leaked.values()),
        other_history_noticed_s=noticed,
    )
    arena.found.must(max(outages.healed, default=0.0) <= HEALED, "the full rate came back too late")
    arena.found.wrong += judgement.wrong


class Outages:
    def __init__(self, town: Town) -> None:
        self.times: list[tuple[float, float]] = []
        self.healed: list[float] = []
        self._town = town

    async def one(self, fault: Fault, load: Load) -> None:
        server = self._town["postgres"]
        await server.stop(SIGNALS[fault.targets[0]])
        gone = time.monotonic()
        if fault.kind == "stop":
            await asyncio.sleep(fault.lasts)
        await server.start()
        back = time.monotonic()
        self.times.append((gone, back))
        self.healed.append(await load.until_steady(RATE))


def check_answers(arena: Arena, load: Load, outages: Outages) -> None:
    """Long outages have a quick 503; each 503 says when to come again; nobody waits for ever."""
    first = [
        min(call.began + call.seconds - gone for call in load.calls if call.status == 503 and call.began > gone)
        for gone, back in outages.times
        if back - gone > FIRST
    ]
    mute = [call for call in load.calls if call.status == 503 and not call.retry_after]
    longest = max(call.seconds for call in load.calls)
    arena.found.add(first_503_max_s=max(first, default=0.0), longest_request_s=longest)
    arena.found.must(max(first, default=0.0) <= FIRST, "the first 503 came too late")
    arena.found.must(not mute, f"{len(mute)} answers 503 have no Retry-After")
    arena.found.must(longest <= LONGEST, "a request took too long")


async def connections(town: Town) -> dict[str, int]:
    """process → its connections."""
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT application_name, count(*) FROM pg_stat_activity WHERE usename LIKE '%\\_api' OR usename LIKE"
            " '%\\_worker' GROUP BY 1"
        )
        return dict(await cursor.fetchall())


def most(name: str) -> int:
    return MOST[name.split(".")[1]]


async def other_history(arena: Arena, town: Town, load: Load) -> float:
    """A promoted copy takes the server's place. Seconds until every process of the services has refused it."""
    exits = {name: len(town[name].exits) for name in OPERATED}
    await quiet(town)
    heads = {name: await log_size(town, name) for name in SERVICES}
    await promote(town, exits)
    began = time.monotonic()
    while late := [name for name, count in exits.items() if len(town[name].exits) == count]:
        await load.send(load.next_intent())
        await load.get(load.tenants[0], f"/api/billing/tallies/{load.tallies[load.tenants[0]][0]}/items")
        if time.monotonic() - began > HEALED:
            arena.found.must(False, f"{late} did not stop before another history")
            break
        await asyncio.sleep(0.05)
    noticed = time.monotonic() - began
    arena.found.must(heads == {name: await log_size(town, name) for name in SERVICES}, "something was stored there")
    for name in OPERATED:
        said = town.folder / "logs" / f"{name}.log"
        arena.found.must("rollbook generation keep" in said.read_text(), f"{name} did not say what to do")
    for service in SERVICES:
        await keep(town, service)
    for name in late:
        await town[name].stop()
        town[name].begin()
    for name in OPERATED:
        town[name].away = 0.0
    await town.ready()
    await load.until_done()
    return noticed


async def promote(town: Town, names: dict[str, int]) -> None:
    """The server's own data as a standby's, then made the primary: another timeline."""
    for name in names:
        town[name].away = 1.0
    server = town["postgres"]
    await server.stop()
    signal_file = town.state.postgres_home() / "data" / "standby.signal"
    signal_file.touch()
    if (user := reach.database_user()) is not None:
        os.chown(signal_file, user.pw_uid, user.pw_gid)
    await server.start()
    async with await psycopg.AsyncConnection.connect(town.superuser, autocommit=True) as connection:
        await connection.execute("SELECT pg_promote()")


async def log_size(town: Town, service: str) -> int:
    async with reading(town) as connection:
        cursor = await connection.execute(f"SELECT count(*) FROM {service}.events".encode())
        row = await cursor.fetchone()
    return int(row[0]) if row else 0


async def keep(town: Town, service: str) -> None:
    """The operator's word, with the operator's tool."""
    code = f"from infra.operator.generations import app; app(['keep', {service!r}])"
    told = {**os.environ, f"{service.upper()}_OWNER_DSN": town.dsn(service, "owner")}
    said = asyncio.subprocess.DEVNULL
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", code, env=told, stdout=said)
    if await child.wait() != 0:
        raise AssertionError(f"`rollbook generation keep {service}` failed")
