"""G21: a reply carries a consistency token; a query with that token waits for it or says that it cannot."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from signal import SIGCONT, SIGSTOP
from uuid import UUID

from shared.token import Token
from tests.faults.arena import Arena
from tests.faults.load import Asked, Load
from tests.faults.oracle import Judgement, check_tenants, judge, owners_of
from tests.faults.plan import Plan, drawn
from tests.faults.stores import log_of, quiet, reading
from tests.faults.town.releases import STUMBLES
from tests.faults.town.town import Town

WORKERS = ("academic.worker", "academic.worker.2", "billing.worker")
STEPS, STEP = 2, 2.0
"""A query waits for the reactions, then for the view; each step for two seconds."""
SLACK = 2.0
"""What a busy machine may add to a bounded wait."""
GOAL = 0.3
PACE = (0.02, 0.08)


@dataclass
class Seen:
    """What the queries of the pairs were told."""

    answers: list[Asked] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    pairs: int = 0
    late: int = 0
    stale: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)

    def note(self, asked: Asked, path: str, at_least: int) -> None:
        self.answers.append(asked)
        self.pairs += 1
        if asked.status == 200:
            self.waits.append(asked.seconds)
            if asked.body["data"]["counts"] < at_least:
                self.stale.append(f"{path}: {asked.body['data']['counts']}, not {at_least}")
        elif asked.status == 404:
            self.missing.append(path)
        elif asked.status == 425:
            self.late += 1
            if not asked.retry_after:
                self.silent.append(path)
        else:
            self.silent.append(f"{path}: {asked.status} {asked.body}")


async def own_writes(arena: Arena) -> None:
    town = await arena.towns.shared()
    calm, delayed = Seen(), Seen()
    lasts = (0.5, 6.0)
    plan = arena.plan(
        drawn(arena.draws("plan"), max(2, arena.trials // 100), {"freeze": WORKERS}, after=(0.2, 1.0), lasts=lasts)
    )
    async with arena.load(town) as load:
        await load.open_tallies()
        await quiet(town)
        await pairs(town, load, calm, arena.draws("calm"), arena.trials // 2)
        freezing = asyncio.create_task(freeze(town, plan))
        while not freezing.done() or delayed.pairs < arena.trials // 2:
            await pairs(town, load, delayed, arena.draws("delayed", delayed.pairs), 20)
        await freezing
        busy = await waiters(town, load)
        parked = await view_parked(town, load)
        await quiet(town)
        judgement = await judge(town, load.ledger)
        async with reading(town) as connection:
            owners = owners_of(*[await log_of(connection, service) for service in ("academic", "billing")])
    answers = [*calm.answers, *delayed.answers, *parked]
    check_tenants(judgement, [(one.tenant_id, one.body) for one in answers], owners)
    tell(arena, calm, delayed, judgement, busy)


def tell(arena: Arena, calm: Seen, delayed: Seen, judgement: Judgement, busy: int) -> None:
    stale, missing, silent = (getattr(calm, name) + getattr(delayed, name) for name in ("stale", "missing", "silent"))
    p99, longest = percentile(calm.waits, 0.99), max(one.seconds for one in delayed.answers)
    arena.found.add(
        pairs=calm.pairs + delayed.pairs,
        stale=len(stale),
        false_404=len(missing),
        late_425=calm.late + delayed.late,
        wait_p50_ms=1_000 * percentile(calm.waits, 0.5),
        wait_p99_ms=1_000 * p99,
        goal_met=int(p99 <= GOAL),
        longest_s=longest,
        busy_connections=busy,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
    )
    arena.found.wrong += [*stale[:5], *(f"{path} was not found" for path in missing[:5]), *silent[:5], *judgement.wrong]
    limit = STEPS * STEP + SLACK
    arena.found.must(longest <= limit, f"a query waited {longest:.1f} s, not {limit:g}")
    arena.found.must(busy <= 1, f"those who wait hold {busy} connections")
    arena.found.must(calm.late <= calm.pairs // 10, f"{calm.late} queries were too late while nothing was wrong")
    arena.found.must(bool(delayed.waits), "no query was answered while followers were delayed")


async def freeze(town: Town, plan: Plan) -> None:
    for fault in plan.faults:
        await asyncio.sleep(fault.after)
        for target in fault.targets:
            town[target].signal(SIGSTOP)
        await asyncio.sleep(fault.lasts)
        for target in fault.targets:
            town[target].signal(SIGCONT)
    await town.ready(*WORKERS)


async def pairs(town: Town, load: Load, seen: Seen, rng: random.Random, count: int) -> None:
    """One client for each tenant: what it wrote it must see, in its own service's view and in others'."""
    await asyncio.gather(
        *[client(town, load, seen, tenant, rng, count // len(load.tenants)) for tenant in load.tenants]
    )


async def client(town: Town, load: Load, seen: Seen, tenant: UUID, rng: random.Random, count: int) -> None:
    for _ in range(count):
        tally = rng.choice(load.tallies[tenant])
        intent = load.count(tenant, tally)
        await load.until_answered(intent)
        done = sum(one.outcome == "ok" and one.path == intent.path for one in load.ledger.intents)
        token = Token.decode(intent.copies[-1][2])
        path = rng.choice(["academic/tallies/{}", "billing/tallies/{}/counted", "billing/tallies/{}/items", "booked"])
        if path == "booked":
            path, at_least = "academic/tallies/{}/booked", await booked(town, tenant, tally)
            token = token.merge(Token({("billing", tenant): at_least[1]}))
            done = at_least[0]
        if done:
            path = f"/api/{path.format(tally)}"
            seen.note(await load.ask(tenant, path, token.encode()), path, done)
        await asyncio.sleep(rng.uniform(*PACE))


async def booked(town: Town, tenant: UUID, tally: UUID) -> tuple[int, int]:
    """How many items of the tally billing has stored by now, and where the tenant's last one is."""
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FILTER (WHERE convert_from(state, 'UTF8')::json->'data'->>'tally_id' = %s),"
            " coalesce(max(notification_id), 0)"
            " FROM billing.events WHERE tenant_id = %s AND topic = 'billing.item_booked'",
            (str(tally), tenant),
        )
        row = await cursor.fetchone()
    assert row is not None
    return row[0], row[1]


async def waiters(town: Town, load: Load) -> int:
    """While many wait for a frozen follower: how many of the API's connections are in use, and others are served."""
    tenant, *_ = load.tenants
    tally, *_ = load.tallies[tenant]
    workers = [town[name] for name in WORKERS if name.startswith("academic")]
    for worker in workers:
        worker.signal(SIGSTOP)
    try:
        intent = load.count(tenant, tally)
        await load.until_answered(intent)
        path, token = f"/api/academic/tallies/{tally}", intent.copies[-1][2]
        waiting = [asyncio.create_task(load.ask(tenant, path, token)) for _ in range(40)]
        began = time.monotonic()
        samples = [await in_use(town)]
        while time.monotonic() - began < STEP / 2:
            assert (await load.ask(tenant, path)).status == 200
            samples.append(await in_use(town))
        assert not any(task.done() for task in waiting), "they did not wait"
        told = await asyncio.gather(*waiting)
    finally:
        for worker in workers:
            worker.signal(SIGCONT)
    await town.ready(*WORKERS)
    assert all(one.status == 425 and one.retry_after for one in told), [one.status for one in told]
    return sorted(samples)[len(samples) // 2]


async def in_use(town: Town) -> int:
    async with reading(town) as connection:
        cursor = await connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'academic_api' AND state <> 'idle'"
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def view_parked(town: Town, load: Load) -> list[Asked]:
    """A fact that the view cannot handle: from it on the tenant is told so, the others see what they wrote."""
    unlucky, lucky, *_ = load.tenants
    workers = [name for name in WORKERS if name.startswith("academic")]
    before = await count_of(load, unlucky)
    await replace(town, workers, "stumbles")
    stumbling = await count_of(load, unlucky, STUMBLES)
    after = await count_of(load, unlucky)
    asked = []
    for tenant, (path, token), status in (
        (unlucky, stumbling, 425),
        (unlucky, after, 425),
        (unlucky, before, 200),
        (lucky, await count_of(load, lucky), 200),
    ):
        asked.append(await settled(load, tenant, path, token))
        assert asked[-1].status == status, (asked[-1], status)
    for one in asked[:2]:
        assert one.body["code"] == "view-parked", one
        assert one.retry_after, one
    await replace(town, workers)
    async with asyncio.timeout(60), reading(town) as connection:
        await connection.execute("UPDATE academic.parked SET retry = true WHERE tenant_id = %s", (unlucky,))
        while await (await connection.execute("SELECT 1 FROM academic.parked")).fetchone():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    asked.append(await settled(load, unlucky, *after))
    assert asked[-1].status == 200, asked[-1]
    return asked


async def settled(load: Load, tenant: UUID, path: str, token: str) -> Asked:
    """A process that has just begun needs a moment until it leads."""
    async with asyncio.timeout(60):
        while (asked := await load.ask(tenant, path, token)).body.get("code") == "view-behind":
            pass
    return asked


async def count_of(load: Load, tenant: UUID, tag: str = "") -> tuple[str, str]:
    """A count that is done: where to look for it, and the token."""
    tally, *_ = load.tallies[tenant]
    intent = load.count(tenant, tally, tag)
    await load.until_answered(intent)
    return f"/api/academic/tallies/{tally}", intent.copies[-1][2]


async def replace(town: Town, names: Sequence[str], *releases: str) -> None:
    """These processes end cleanly; those of the release begin."""
    await asyncio.gather(*[town[name].stop() for name in names])
    await asyncio.gather(*[town.add(name, *releases).start() for name in names])


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
