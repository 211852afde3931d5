"""G4: of many writers that name a version one succeeds, the others hear the version now; who names none takes turns.

The writers come through two API processes, one of which is killed in between. A machine that is slow gets fewer."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from tests.faults.arena import Arena
from tests.faults.ledger import Intent
from tests.faults.load import Call, Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet
from tests.faults.town.town import Town

APIS = ("academic.api", "academic.api.2")
FEWEST, MOST = 20, 100
SERVED_WITHIN = 0.7
SPREAD = 25
REFUSED_WITHIN = 2.0
OTHERS_RISE, NOISE = 3.0, 0.1
PROBE_EVERY = 0.02


class Contest:
    """A tally that all write, another for each trial, for streams are kept short; `SPREAD` that they share evenly;
    and one that a bystander writes meanwhile."""

    def __init__(self, arena: Arena, town: Town, load: Load) -> None:
        self.arena = arena
        self.town = town
        self.load = load
        self.doors = [town.ports.url(name) for name in APIS]
        self.tenant = load.tenants[0]
        tallies = load.tallies[self.tenant]
        self.spread, self.calm, self._fresh = tallies[:SPREAD], tallies[SPREAD], iter(tallies[SPREAD + 1 :])
        self.hot = self.calm
        self.version = 1
        self.writers = [MOST]
        """How many there were, in each trial."""
        self.named: list[Intent] = []
        self.contested: list[Call] = []
        self.beside: dict[str, list[Intent]] = {"hot": [], "spread": []}

    async def all_name_one_version(self, fault: Fault | None = None) -> None:
        writers = self._writers([self.hot])
        for intent in writers:
            intent.expected = self.version
        await self._send(writers, fault)
        self.named += writers if fault is None else []
        done = [intent for intent in writers if intent.outcome == "ok"]
        must = self.arena.found.must
        must(len(done) == 1, f"{len(done)} of {len(writers)} writers of version {self.version} were done")
        self.version += 1
        refused = [answer[0] for intent in writers if intent.outcome == "fail" for answer in intent.answers]
        must(set(refused) <= {412}, f"writers that named a version were refused with {set(refused)}")
        told = {call.etag for call in self.load.calls if call.intent in writers and call.status == 412}
        must(told <= {f'"{self.version}"'}, f"the refused heard {told}, not version {self.version}")

    async def nobody_names_one(self, fault: Fault | None = None) -> None:
        writers = self._writers([self.hot])
        await self._send(writers, fault)
        versions = sorted(intent.reply["data"]["version"] for intent in writers)
        expected = list(range(self.version + 1, self.version + 1 + len(writers)))
        self.arena.found.must(versions == expected, f"versions of writers without one: {versions}, not {expected}")
        self.version += len(writers)

    async def everybody_has_an_own_one(self) -> float:
        """Seconds until all were answered."""
        began = time.monotonic()
        await self._send(self._writers(self.spread), None)
        return time.monotonic() - began

    async def begin(self) -> None:
        """With as many writers as are served at once: what is to be shown is the contest, not an overload."""
        self.hot, self.version = next(self._fresh), 1
        seconds = await self.everybody_has_an_own_one()
        self.writers.append(min(MOST, max(FEWEST, round(self.writers[-1] * SERVED_WITHIN / seconds))))

    def _writers(self, tallies: Sequence[UUID]) -> list[Intent]:
        return [self.load.count(self.tenant, tallies[n % len(tallies)]) for n in range(self.writers[-1])]

    async def _send(self, writers: list[Intent], fault: Fault | None) -> None:
        """All at once, through both doors by turns; then whoever has no answer asks again at the first."""
        sent = [asyncio.create_task(self.load.send(one, self.doors[n % 2])) for n, one in enumerate(writers)]
        if fault is not None:
            await asyncio.sleep(fault.after)
            await self.town[fault.targets[0]].kill(fault.lasts)
        await asyncio.gather(*sent)
        await asyncio.gather(*[self.load.until_answered(one, door=self.doors[0]) for one in writers])
        if fault is not None:
            await self.town.ready(*fault.targets)

    @asynccontextmanager
    async def bystander(self, what: str) -> AsyncIterator[None]:
        async def write() -> None:
            while True:
                intent = self.load.count(self.tenant, self.calm)
                self.beside[what].append(intent)
                await self.load.until_answered(intent, door=self.doors[len(self.beside[what]) % 2])
                await asyncio.sleep(PROBE_EVERY)

        task = asyncio.create_task(write())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def slowest(self, intents: list[Intent]) -> float:
        """The 99th of a hundred."""
        taken = sorted(call.seconds for call in self.load.calls if call.intent in intents)
        return taken[max(0, round(0.99 * len(taken)) - 1)] if taken else 0.0


async def one_writer_wins(arena: Arena) -> None:
    town = await arena.towns.shared()
    await town.add(APIS[1]).start()
    plan = arena.plan(
        drawn(arena.draws("plan"), 2 * arena.trials, {"kill": [APIS[1]]}, after=(0.0, 0.4), lasts=(0.0, 0.2))
    )
    faults = iter(plan.faults)
    async with arena.load(town, tenants=1, base_url=town.ports.url(APIS[0])) as load:
        await load.open_tallies(each=SPREAD + 1 + arena.trials)
        contest = Contest(arena, town, load)
        for _ in range(arena.trials):
            await contest.begin()
            began = len(load.calls)
            async with contest.bystander("spread"):
                await contest.everybody_has_an_own_one()
            async with contest.bystander("hot"):
                await contest.all_name_one_version()
                await contest.nobody_names_one()
            await contest.all_name_one_version(next(faults))
            await contest.nobody_names_one(next(faults))
            contest.contested += load.calls[began:]
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    await town.remove(APIS[1])
    tell(contest, judgement.lost, judgement.duplicated)
    arena.found.wrong += judgement.wrong


def tell(contest: Contest, lost: int, duplicated: int) -> None:
    found, calls = contest.arena.found, contest.contested
    failed = sum(call.status >= 500 for call in calls)
    hot, spread = (contest.slowest(contest.beside[what]) for what in ("hot", "spread"))
    named = contest.slowest(contest.named)
    found.add(
        writers=min(contest.writers[1:]),
        kills=2 * contest.arena.trials,
        commands=len(contest.load.ledger.intents),
        lost=lost,
        duplicated=duplicated,
        failed_5xx=failed,
        gave_up_409=sum(call.status == 409 for call in calls),
        named_p99_s=named,
        others_p99_s=hot,
        others_p99_s_of_control=spread,
    )
    found.must(failed == 0, f"{failed} answers were 5xx")
    found.must(named <= REFUSED_WITHIN, f"writers that named a version waited {named:.2f} s")
    limit = OTHERS_RISE * max(spread, NOISE)
    found.must(hot <= limit, f"others waited {hot:.2f} s beside the contest, {spread:.2f} s without")
