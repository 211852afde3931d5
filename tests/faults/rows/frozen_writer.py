"""G15: a frozen process cannot block the store. An API freezes inside an append, a worker inside a view's batch."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from signal import SIGCONT, SIGSTOP

from shared.database import Connection
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import live_build, quiet, reading
from tests.faults.town.town import Town

RATE = 20.0
FROZEN = "academic.api.2"
LEADER = "whoever leads"
IN_FLIGHT = 20
RESUMED_WITHIN, TAKEN_OVER_WITHIN = 6.0, 10.0

LOCK_LOG = "SELECT pg_advisory_xact_lock(1, 'academic'::regnamespace::oid::integer)"
IN_APPEND = "SELECT application_name FROM pg_stat_activity WHERE wait_event = 'advisory' AND application_name = %s"
LOCK_POSITION = "SELECT position FROM academic.positions WHERE consumer = %s FOR UPDATE"
IN_BATCH = (
    "SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = 'academic_worker'"
    " AND query LIKE 'UPDATE positions%%' AND application_name <> %s"
)


class Frost:
    """`resumed`, `freed` and `taken_over` are seconds from a freeze: to the next command that is done, to the end of
    its row locks, to a view that has come past all that was stored before it."""

    def __init__(self, town: Town, load: Load) -> None:
        self.town = town
        self.load = load
        self.resumed = [0.0]
        self.freed = [0.0]
        self.taken_over = [0.0]

    async def strike(self, fault: Fault) -> None:
        await {"append": self.in_append, "moment": self.at_any_moment, "batch": self.in_batch}[fault.kind](fault)

    async def in_append(self, fault: Fault) -> None:
        """Its append waits in the server when it freezes: the server goes on alone."""
        async with reading(self.town) as holder:
            await holder.execute("BEGIN")
            await holder.execute(LOCK_LOG)
            async with self._appends_in_flight():
                await self._until_found(IN_APPEND, FROZEN)
                async with self._frozen(FROZEN, fault.lasts):
                    await holder.execute("COMMIT")
                    self.resumed.append(await self.load.until_done())

    async def at_any_moment(self, fault: Fault) -> None:
        async with self._appends_in_flight():
            await asyncio.sleep(fault.after)
            async with self._frozen(FROZEN, fault.lasts):
                self.resumed.append(await self.load.until_done())

    async def in_batch(self, fault: Fault) -> None:
        """It has written its rows and waits for its position when it freezes: its transaction stays open."""
        async with reading(self.town) as holder:
            build = await live_build(holder, "academic", "totals")
            await holder.execute("BEGIN")
            await holder.execute(LOCK_POSITION, (build,))
            leader = await self._until_found(IN_BATCH, "")
            async with self._frozen(leader, fault.lasts):
                began = time.monotonic()
                await holder.execute("COMMIT")
                self.resumed.append(await self.load.until_done())
                await holder.execute(LOCK_POSITION, (build,))
                self.freed.append(time.monotonic() - began)
                await self._until_past(holder, build)
                self.taken_over.append(time.monotonic() - began)

    @asynccontextmanager
    async def _appends_in_flight(self) -> AsyncIterator[None]:
        """Many at the process that is to freeze; afterwards each is answered, there or elsewhere."""
        door, tenant = self.town.ports.url(FROZEN), self.load.tenants[0]
        tallies = self.load.tallies[tenant]
        intents = [self.load.count(tenant, tallies[n % len(tallies)]) for n in range(IN_FLIGHT)]
        sent = [asyncio.create_task(self.load.send(intent, door)) for intent in intents]
        yield
        await asyncio.gather(*sent)

    @asynccontextmanager
    async def _frozen(self, name: str, lasts: float) -> AsyncIterator[None]:
        """At least while the block runs."""
        self.town[name].signal(SIGSTOP)
        try:
            yield
            await asyncio.sleep(lasts)
        finally:
            self.town[name].signal(SIGCONT)
        await self.town.ready(name)

    async def _until_found(self, query: str, name: str, within: float = 10.0) -> str:
        """The process that waits where it is to freeze."""
        async with reading(self.town) as connection, asyncio.timeout(within):
            while True:
                row = await (await connection.execute(query.encode(), (name,))).fetchone()
                if row is not None:
                    return str(row[0])
                await asyncio.sleep(0.005)

    async def _until_past(self, connection: Connection, build: str) -> None:
        """Until the build has passed all that is stored now."""
        query = "SELECT position >= %s FROM academic.positions WHERE consumer = %s"
        cursor = await connection.execute("SELECT academic.log_head()")
        head = await cursor.fetchone()
        assert head is not None
        async with asyncio.timeout(60):
            while await (await connection.execute(query, (head[0], build))).fetchone() != (True,):  # noqa: ASYNC110
                await asyncio.sleep(0.02)


async def frozen_writer(arena: Arena) -> None:
    town = await arena.towns.shared()
    await town.add(FROZEN).start()
    kinds = {"append": [FROZEN], "moment": [FROZEN], "batch": [LEADER]}
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, kinds, after=(0.0, 0.2), lasts=(0.0, 2.0)))
    async with arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        frost = Frost(town, load)
        async with load.flowing(RATE):
            for fault in plan.faults:
                await frost.strike(fault)
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.remove(FROZEN)
    arena.found.add(
        commands=len(load.ledger.intents),
        unknown=unknown,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        resumed_max_s=max(frost.resumed),
        row_locks_freed_max_s=max(frost.freed),
        view_taken_over_max_s=max(frost.taken_over),
    )
    arena.found.wrong += judgement.wrong
    resumed = max(frost.resumed + frost.freed)
    arena.found.must(resumed <= RESUMED_WITHIN, f"others were blocked for {resumed:.1f} s by a frozen process")
    late = max(frost.taken_over)
    arena.found.must(late <= TAKEN_OVER_WITHIN, f"a view stood still for {late:.1f} s behind a frozen worker")
