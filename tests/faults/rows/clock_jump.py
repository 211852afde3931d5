"""G12: time steps do not break order, tokens or schedules."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.arena import Arena
from tests.faults.load import Call, Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet, reading
from tests.faults.town.child import Child
from tests.faults.town.clock import CLOCK, set_clock
from tests.faults.town.town import Town

RATE = 8.0
JUMPS = {"+1h": 3_660.0, "-1h": -3_660.0, "+1d": 86_460.0, "-1d": -86_460.0, "+20s": 20.0, "-20s": -20.0}
STROBE, STROBE_EVERY = 0.2, 0.1
LEEWAY = 30.0
PROCESSES = ("gateway", "academic.api", "academic.worker", "billing.worker")
FAKETIME = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


async def clock_jump(arena: Arena) -> None:
    """One process at a time; PostgreSQL too where libfaketime is installed."""
    town = await arena.towns.shared()
    targets = (*PROCESSES, "postgres") if FAKETIME else PROCESSES
    plan = arena.plan(
        drawn(arena.draws("plan"), arena.trials, dict.fromkeys((*JUMPS, "strobe"), targets), lasts=(1, 2))
    )
    async with wrong_clocks(arena, town, targets) as clocks, arena.load(town) as load:
        await load.open_tallies()
        jumps = Jumps(arena, town, load, clocks)
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                await jumps.one(fault)
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
        if FAKETIME:
            await stops_due_work(arena, town, clocks["postgres"])
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        refused_tokens=jumps.refused,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        postgres="tried" if FAKETIME else "skipped, libfaketime is not installed",
    )
    arena.found.wrong += judgement.wrong


class Clock:
    def __init__(self, path: Path, *, faketime: bool) -> None:
        self.path = path
        self._faketime = faketime
        self.set(0.0)

    def set(self, seconds: float) -> None:
        if self._faketime:
            self.path.write_text(f"{seconds:+.3f}")
        else:
            set_clock(self.path, seconds)

    @property
    def environment(self) -> dict[str, str]:
        if not self._faketime:
            return {CLOCK: str(self.path)}
        return {
            "LD_PRELOAD": str(FAKETIME[0]),
            "FAKETIME_TIMESTAMP_FILE": str(self.path),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@asynccontextmanager
async def wrong_clocks(arena: Arena, town: Town, targets: Iterable[str]) -> AsyncIterator[dict[str, Clock]]:
    """The same processes with clocks that the harness moves; afterwards with the machine's again."""
    folder = town.folder / "clocks"
    folder.mkdir(mode=0o755, exist_ok=True)
    clocks = {name: Clock(folder / f"{name}.{arena.name}", faketime=name == "postgres") for name in targets}
    try:
        await remade(town, {name: clock.environment for name, clock in clocks.items()})
        yield clocks
    finally:
        await remade(town, {name: {} for name in targets})


async def remade(town: Town, environments: dict[str, dict[str, str]]) -> None:
    if "postgres" in environments:
        await town["postgres"].stop()
        await town.start_postgres(**environments["postgres"])
    for name, environment in environments.items():
        if name != "postgres":
            await town[name].stop()
            await town.add(name, **environment).start()
    await town.ready()


class Jumps:
    def __init__(self, arena: Arena, town: Town, load: Load, clocks: dict[str, Clock]) -> None:
        self.refused = 0
        self._found = arena.found
        self._rng: random.Random = arena.draws("strobe")
        self._town = town
        self._load = load
        self._clocks = clocks

    async def one(self, fault: Fault) -> None:
        """A token is refused only where the process is wrong by more than the leeway; no copy has another answer."""
        (target,) = fault.targets
        clock = self._clocks[target]
        done = next(intent for intent in reversed(self._load.ledger.intents) if intent.outcome == "ok")
        begun = len(self._load.calls)
        if fault.kind == "strobe":
            end = time.monotonic() + fault.lasts
            while time.monotonic() < end:
                clock.set(self._rng.choice((STROBE, -STROBE)))
                await asyncio.sleep(STROBE_EVERY)
        else:
            clock.set(JUMPS[fault.kind])
            await asyncio.sleep(fault.lasts)
            await self._load.send(done)
        refused = [call for call in self._load.calls[begun:] if call.status == 401]
        self.refused += len(refused)
        wrong = abs(JUMPS.get(fault.kind, 0.0))
        allowed = wrong > LEEWAY and target in ("gateway", "academic.api")
        self._found.must(allowed or not refused, f"{fault.kind} of {target}: {len(refused)} tokens were refused")
        self._found.must(not mistaken(self._load.calls[begun:]), f"{fault.kind} of {target} made a 500")
        clock.set(0.0)
        await self._load.until_done()


def mistaken(calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.status == 500]


async def stops_due_work(arena: Arena, town: Town, clock: Clock) -> None:
    """After a jump of the database by more than an hour nothing is due until a worker is started again, although by
    that clock a day has passed."""
    workers = [town["academic.worker"], town["academic.worker.2"]]
    clock.set(JUMPS["+1d"])
    await expire(town)
    arena.found.must(await says(town, workers, within=15.0), "no worker noticed that the database's clock jumped")
    arena.found.must(not await is_gone(town, within=2.0), "due work went on after the jump")
    clock.set(0.0)
    for one in workers:
        await one.stop()
        await one.start()
    arena.found.must(await is_gone(town, within=30.0), "due work did not go on after it was confirmed")


async def says(town: Town, workers: Iterable[Child], within: float) -> bool:
    """Whether one of them wrote that it stopped."""
    give_up = time.monotonic() + within
    logs = [town.folder / "logs" / f"{one.name}.log" for one in workers]
    while not any("clock jumped" in path.read_text() for path in logs):
        if time.monotonic() > give_up:
            return False
        await asyncio.sleep(0.1)
    return True


async def expire(town: Town) -> None:
    """A command whose key is over: the next run of the clock removes it."""
    async with reading(town) as connection:
        await connection.execute(
            "INSERT INTO academic.commands (tenant_id, key_hash, kind, fingerprint, position, reply, recorded_at,"
            " expires_at) VALUES (gen_random_uuid(), gen_random_uuid()::text::bytea, 'test', '', 0, '{}',"
            " '2020-01-01', '2020-01-02')"
        )


async def is_gone(town: Town, within: float) -> bool:
    give_up = time.monotonic() + within
    while time.monotonic() < give_up:
        async with reading(town) as connection:
            cursor = await connection.execute(
                "SELECT 1 FROM academic.commands WHERE kind = 'test' AND expires_at < '2021-01-01'"
            )
            if await cursor.fetchone() is None:
                return True
        await asyncio.sleep(0.2)
    return False
