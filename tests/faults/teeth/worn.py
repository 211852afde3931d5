"""The spoilt town with a broken build in some of its processes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.faults.arena import Arena
from tests.faults.teeth.teeth import TEETH
from tests.faults.town.town import Town


@asynccontextmanager
async def worn(arena: Arena, *teeth_and_processes: str) -> AsyncIterator[Town]:
    """These teeth in these processes; afterwards they are whole again."""
    teeth = [name for name in teeth_and_processes if name in TEETH]
    processes = [name for name in teeth_and_processes if name not in TEETH]
    town = await arena.towns.spoilt()
    before = {name for name in processes if name in town.children}
    await asyncio.gather(*[town[name].stop() for name in before])
    await asyncio.gather(*[town.add(name, *teeth).start() for name in processes])
    try:
        yield town
    finally:
        await asyncio.gather(*[town.remove(name) for name in processes])
        await asyncio.gather(*[town.add(name).start() for name in before])
