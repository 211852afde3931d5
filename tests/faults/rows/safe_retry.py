"""G5: the same Idempotency-Key gives the same reply and one effect, whatever became of the replies before."""

import asyncio
import random
from uuid import UUID

from infra.testing.harness import PERMISSIONS
from tests.faults.arena import Arena
from tests.faults.ledger import Intent
from tests.faults.load import Load
from tests.faults.lost_replies import CUT_OFF, FEWEST, MOST, LostReplies, cut_off_api
from tests.faults.oracle import judge
from tests.faults.plan import Plan, drawn
from tests.faults.results import Found
from tests.faults.stores import quiet

COMMANDS = 25
"""For each lost reply."""
RETRIED = 0.3
RETRY_WITHIN = 1.0


async def safe_retry(arena: Arena) -> None:
    town = await arena.towns.shared()
    kinds = {"cut": [CUT_OFF], "kill": [CUT_OFF]}
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, kinds, after=(0.0, 0.2), lasts=(0.0, RETRY_WITHIN)))
    rng = arena.draws("retries")
    async with cut_off_api(town) as proxy, arena.load(town, base_url=town.ports.url("academic.api")) as load:
        await load.open_tallies()
        replies = LostReplies(town, load, proxy, rng)
        retried, _ = await asyncio.gather(
            some_again(replies, arena.draws("commands"), COMMANDS * arena.trials), lose_replies(replies, plan)
        )
        crowd = [replies.next_count() for _ in range(max(1, arena.trials // 5))]
        for intent in crowd:
            await replies.copies(intent, rng.randint(FEWEST, MOST))
        await other_requests(arena, load)
        unknown = await load.resolve()
        await quiet(town)
        judgement = await judge(town, load.ledger)
    arena.found.add(
        commands=len(load.ledger.intents),
        lost_replies=proxy.cuts,
        retried=retried + len(plan.faults),
        crowds=len(crowd),
        unknown=unknown,
        lost=judgement.lost,
        duplicated=judgement.duplicated,
    )
    arena.found.wrong += judgement.wrong
    compare(arena.found, load)
    arena.found.must(proxy.cuts == len(plan.faults), f"{proxy.cuts} replies were lost, not {len(plan.faults)}")


async def lose_replies(replies: LostReplies, plan: Plan) -> None:
    for fault in plan.faults:
        await asyncio.sleep(fault.after)
        intent = await replies.lose(fault)
        await asyncio.sleep(fault.lasts)
        await replies.copies(intent, 2)
        await replies.town.ready(CUT_OFF)


async def some_again(replies: LostReplies, rng: random.Random, count: int) -> int:
    """Commands at both doors, three of ten again at the other door a little later; how many those were."""
    again: list[asyncio.Task[None]] = []

    async def later(intent: Intent, door: str, pause: float) -> None:
        await asyncio.sleep(pause)
        await replies.load.send(intent, door)

    for _ in range(count):
        intent, door = replies.next_count(), rng.randrange(2)
        await replies.load.send(intent, replies.doors[door])
        if rng.random() < RETRIED:
            task = later(intent, replies.doors[1 - door], rng.uniform(0, RETRY_WITHIN))
            again.append(asyncio.create_task(task))
    await asyncio.gather(*again)
    return len(again)


def compare(found: Found, load: Load) -> None:
    """Replies have the same bytes, version and token; nobody is told of a conflict that was none."""
    torn = [intent.path for intent in load.ledger.intents if len(set(intent.copies)) > 1]
    copies = sum(len(intent.copies) - 1 for intent in load.ledger.intents if intent.copies)
    conflicts = [call.intent.path for call in load.calls if call.status == 409]
    found.add(copies_compared=copies, torn=len(torn), false_409=len(conflicts))
    found.must(not torn, f"copies of a command were answered in other bytes: {torn[:3]}")
    found.must(not conflicts, f"conflicts that were none: {conflicts[:3]}")


async def other_requests(arena: Arena, load: Load) -> None:
    """A key does not stand for another request, and is nobody else's."""
    found, rng = arena.found, arena.draws("others")
    ours, theirs = load.tenants[:2]
    signer = (await arena.towns.shared()).signer
    colleague = signer.token(ours, PERMISSIONS)
    powerless = signer.token(ours, ["classes.read"])
    first = load.count(ours, load.tallies[ours][0])
    opened = load.ledger.wants("open", ours, first.key, f"{load.prefix}/tallies", {"keeper": "one"})
    for intent in (first, opened):
        await load.until_answered(intent)

    async def refused(status: int, code: str, key: str, tenant: UUID = ours, token: str = "") -> None:
        """Another body: should a saved reply be found at all, it shows."""
        body = {"tag": f"{rng.getrandbits(128):032x}", "amount": 1}
        other = load.ledger.wants("refuse", tenant, key, first.path, body)
        await load.send(other, token=token)
        answers = [(status, body["code"]) for status, body in other.answers]
        found.must(answers == [(status, code)], f"{answers} instead of {status} {code}")

    await refused(422, "idempotency-key-reused", first.key)
    await refused(400, "idempotency-key-missing", "")
    await refused(404, "not-found", first.key, theirs)
    await refused(403, "forbidden", first.key, token=powerless)
    await refused(401, "unauthenticated", first.key, token="none")
    copies = [(ours, colleague), (theirs, "")]
    ids = {opened.reply["data"]["id"]}
    for tenant, token in copies:
        own = load.ledger.wants("open", tenant, opened.key, opened.path, opened.body)
        await load.send(own, token=token)
        ids.add(own.reply["data"]["id"])
    found.add(foreign_replies=3 - len(ids))
    found.must(len(ids) == 3, "another caller with the same key got the first one's reply")
