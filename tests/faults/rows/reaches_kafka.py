"""G6: every stored event reaches Kafka at least once, also after outages, on an empty disk and in an empty topic."""

import asyncio
from collections import Counter

from shared.topics import PERSONAL_KEYS
from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import judge
from tests.faults.plan import Fault, drawn
from tests.faults.stores import quiet
from tests.faults.town.backlog import Drain, drained, store_backlog
from tests.faults.town.broker import make_keys_anew
from tests.faults.town.foreign_keys import forget_keys, unreadable_keys
from tests.faults.town.leaders import RELAY, leader_of, relay_held
from tests.faults.town.redelivery import make_topic_anew
from tests.faults.town.town import Town

RATE = 15.0
BACKLOG = 6_000
GOOD = 0.999
KINDS = {
    "outage": ("kafka",),
    "wipe": ("kafka",),
    "empty topic": ("academic", PERSONAL_KEYS),
    "kill after sending": ("academic",),
}


async def reaches_kafka(arena: Arena) -> None:
    town = await arena.towns.shared()
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, KINDS, lasts=(2.0, 4.0)))
    away: Counter[str] = Counter()
    drain = Drain()
    async with arena.load(town) as load:
        await load.open_tallies(2)
        async with load.flowing(RATE):
            for fault in plan.faults:
                await asyncio.sleep(fault.after)
                if fault.targets == ("kafka",):
                    drain = max(drain, await broker_away(town, load, fault, away), key=lambda one: one.rate)
                else:
                    await strike(town, fault)
                await load.open_tallies(1)
        await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
        await forget_keys(town, "billing", load.ledger)
        unreadable = await unreadable_keys(town, "billing", load.ledger)
    share = away["done"] / max(1, away["sent"])
    arena.found.add(
        events=judgement.events,
        sent_meanwhile=away["sent"],
        done_meanwhile=share,
        drained=drain.events,
        drained_per_s=int(drain.rate),
        lost=judgement.lost,
        duplicated=judgement.duplicated,
        unreadable=len(unreadable),
    )
    arena.found.wrong += judgement.wrong
    arena.found.must(not away or share >= GOOD, f"only {share:.2%} of the commands were done while Kafka was away")
    arena.found.must(not unreadable, f"billing cannot read {len(unreadable)} keys: {unreadable[:3]}")


async def broker_away(town: Town, load: Load, fault: Fault, away: Counter[str]) -> Drain:
    """Stopped, or with an empty disk; meanwhile a backlog grows."""
    first = len(load.ledger.intents)
    if fault.kind == "wipe":
        await town.wipe_kafka()
    else:
        await town["kafka"].stop()
    await store_backlog(town, BACKLOG)
    await asyncio.sleep(fault.lasts)
    sent = [intent for intent in load.ledger.intents[first:] if intent.kind == "count"]
    await town.start_kafka()
    away["sent"] += len(sent)
    away["done"] += sum(intent.outcome == "ok" for intent in sent)
    return await drained(town, "academic")


async def strike(town: Town, fault: Fault) -> None:
    [target] = fault.targets
    if target == PERSONAL_KEYS:
        await make_keys_anew(town)
    elif fault.kind == "empty topic":
        await make_topic_anew(town, target)
    else:
        async with relay_held(town, target):
            leader = await leader_of(town, target, RELAY)
            await leader.child.kill(fault.lasts)
        await leader.child.ready()
