"""Replies that are lost after the commit: a proxy cuts between API and store, the API dies between effect and reply."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.ledger import Intent
from tests.faults.load import Load
from tests.faults.plan import Fault
from tests.faults.town.proxy import Cut, Proxy, proxied
from tests.faults.town.town import Town

CUT_OFF = "academic.api.2"
"""The API process whose way to the store is the proxy's."""
FEWEST, MOST = 20, 50


@asynccontextmanager
async def cut_off_api(town: Town, *teeth: str) -> AsyncIterator[Proxy]:
    """A second API process, behind a proxy."""
    async with proxied(town.dsn("academic", "api")) as proxy:
        await town.add(CUT_OFF, *teeth, API_DSN=proxy.dsn).start()
        try:
            yield proxy
        finally:
            await town.remove(CUT_OFF)


class LostReplies:
    def __init__(self, town: Town, load: Load, proxy: Proxy, rng: random.Random) -> None:
        self.town = town
        self.load = load
        self.doors = (town.ports.url("academic.api"), town.ports.url(CUT_OFF))
        self._proxy = proxy
        self._rng = rng

    def next_count(self) -> Intent:
        tenant = self._rng.choice(self.load.tenants)
        return self.load.count(tenant, self._rng.choice(self.load.tallies[tenant]))

    async def lose(self, fault: Fault) -> Intent:
        """`cut`: the store has committed, and its answer never comes. `kill`: the process dies just then as well."""
        intent = self.next_count()
        lost = self._proxy.arm(intent.body["tag"].encode(), Cut.ANSWER)
        sending = asyncio.create_task(self.load.send(intent, self.doors[1]))
        async with asyncio.timeout(30):
            await lost
        if fault.kind == "kill":
            await self.town[CUT_OFF].kill(fault.lasts)
        await sending
        return intent

    async def copies(self, intent: Intent, count: int = 1) -> None:
        """Copies at the same time, at both doors; at least one is answered."""
        await asyncio.gather(*[self.load.send(intent, self.doors[n % 2]) for n in range(count)])
        await self.load.until_answered(intent, door=self.doors[0])
