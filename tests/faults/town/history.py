"""A long history: tallies that one tenant, whom nobody else has, opened before."""

from shared.database import connect
from shared.ids import uuid7
from shared.members import PendingEvent
from tests.faults.town.poison import state_of
from tests.faults.town.town import Town
from tests.shared.stores import append, member_of

HISTORY = 20_000
PAGE = 1_000


async def put_history(town: Town, events: int = HISTORY) -> None:
    tenant = uuid7()
    state = state_of({"keeper": "Somebody"})
    async with await connect(
        town.dsn("academic", "api"), search_path="academic", statement_timeout="60s"
    ) as connection:
        for _ in range(events // PAGE):
            opened = [PendingEvent(uuid7(), 1, "academic.tally_opened", state, tenant) for _ in range(PAGE)]
            [result] = await append(connection, member_of(*opened))
            assert result.outcome == "saved", result
