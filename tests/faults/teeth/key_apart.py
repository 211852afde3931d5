"""T7: a build that stores the command's row apart from its events is caught as soon as it dies in between."""

from tests.faults.arena import Arena
from tests.faults.lost_replies import CUT_OFF, LostReplies, cut_off_api
from tests.faults.oracle import Judgement, check_commands
from tests.faults.plan import drawn
from tests.faults.stores import log_of, reading


async def key_apart(arena: Arena) -> None:
    town = await arena.towns.spoilt()
    kinds = {"cut": [CUT_OFF], "kill": [CUT_OFF]}
    plan = arena.plan(drawn(arena.draws("plan"), arena.trials, kinds, lasts=(0.0, 0.2)))
    base_url = town.ports.url("academic.api")
    judgement, tried = Judgement(), 0
    async with cut_off_api(town, "T7") as proxy, arena.load(town, tenants=2, base_url=base_url) as load:
        await load.open_tallies(each=1)
        replies = LostReplies(town, load, proxy, arena.draws("commands"))
        while not judgement.wrong and tried < len(plan.faults):
            intent = await replies.lose(plan.faults[tried])
            await replies.copies(intent, 2)
            await town.ready(CUT_OFF)
            async with reading(town) as connection:
                check_commands(judgement, load.ledger, await log_of(connection, "academic"))
            tried += 1
    arena.found.add(lost_replies=tried, duplicated=judgement.duplicated, caught=int(bool(judgement.wrong)))
    arena.found.must(bool(judgement.wrong), f"the broken build was not caught by {tried} lost replies")
