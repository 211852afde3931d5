"""What a row is given: its number of trials, draws from the run key, a folder for evidence, and the town."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.load import Load
from tests.faults.plan import Plan
from tests.faults.results import Found
from tests.faults.run_key import draws
from tests.faults.town.town import Town


@dataclass
class Towns:
    """One town that rows share, started when the first of them asks for it."""

    folder: Path
    _shared: Town | None = None
    _spoilt: Town | None = None
    _made: list[Town] = field(default_factory=list)

    async def shared(self) -> Town:
        if self._shared is None:
            self._shared = await self.new(f"shared.{len(self._made)}")
        await self._shared.ready()
        return self._shared

    async def new(self, name: str, *names: str, **server_settings: str) -> Town:
        """A town that nobody else uses, with these processes; the caller stops it, or the end of the run does."""
        town = self.made(name, **server_settings)
        await town.start(*names)
        return town

    def made(self, name: str, **server_settings: str) -> Town:
        """The same, not started yet."""
        town = Town(self.folder / name, server_settings)
        self._made.append(town)
        return town

    async def spoilt(self) -> Town:
        """One town for broken builds of readers: its views may be wrong. It has no gateway."""
        if self._spoilt is None:
            self._spoilt = await self.new("spoilt", "academic.api", "academic.worker", "billing.worker")
        return self._spoilt

    async def forget_shared(self) -> None:
        """After a row that failed, the next one finds a new town."""
        if self._shared is not None:
            await self._shared.stop()
            self._shared = None

    async def stop(self) -> None:
        for town in self._made:
            await town.stop()


@dataclass
class Arena:
    name: str
    trials: int
    run_key: int
    folder: Path
    towns: Towns
    found: Found = field(default_factory=Found)
    given_plan: Plan | None = None

    def draws(self, *names: object) -> random.Random:
        return draws(self.run_key, self.name, *names)

    def plan(self, drawn: Plan) -> Plan:
        """The plan that was drawn, or the one that is to be replayed; kept as evidence before anything happens."""
        plan = self.given_plan or drawn
        plan.save(self.folder / "plan.json")
        return plan

    @asynccontextmanager
    async def load(self, town: Town, tenants: int = 5, base_url: str | None = None) -> AsyncIterator[Load]:
        """Clients of tenants that no other row has."""
        async with Load(town, self.folder, self.draws("load"), tenants, base_url) as load:
            yield load
