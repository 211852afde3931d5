"""T8: tenant filter and policy removed from one query. Caught in one run by O9; each wall alone still holds."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from psycopg import sql

from tests.faults.arena import Arena
from tests.faults.load import Load
from tests.faults.oracle import Judgement, check_tenants, owners_of
from tests.faults.stores import live_build, log_of, quiet, reading
from tests.faults.town.town import Town

SPARE = "academic.api.2"


async def no_tenant(arena: Arena) -> None:
    town = await arena.towns.shared()
    broken = town.add(SPARE, "T8")
    await broken.start()
    try:
        async with arena.load(town, tenants=2, base_url=town.ports.url(SPARE)) as load:
            await fill(town, load)
            one_wall = await leaks(town, load)
            async with no_policy(town):
                both_gone = await leaks(town, load)
        async with no_policy(town), arena.load(town, tenants=2) as whole:
            await fill(town, whole)
            one_wall += await leaks(town, whole)
    finally:
        await broken.stop()
        del town.children[SPARE]
    arena.found.add(caught=int(bool(both_gone)), leaks=len(both_gone), one_wall_leaks=len(one_wall))
    arena.found.must(bool(both_gone), "nobody noticed that a tenant was told of another one's tallies")
    arena.found.must(not one_wall, f"one wall was not enough: {one_wall[:1]}")


async def fill(town: Town, load: Load) -> None:
    """A count for each tally."""
    await load.open_tallies()
    for tenant, tallies in load.tallies.items():
        for tally in tallies:
            await load.until_answered(load.count(tenant, tally))
    await quiet(town)


async def leaks(town: Town, load: Load) -> list[str]:
    """What O9 finds when each tenant asks for everybody's tallies."""
    ids = [tally for tallies in load.tallies.values() for tally in tallies]
    asked = [
        await load.ask(tenant, f"{load.prefix}/tallies/{tally}/booked") for tenant in load.tenants for tally in ids
    ]
    async with reading(town) as connection:
        owners = owners_of(await log_of(connection, "academic"))
    judgement = Judgement()
    check_tenants(judgement, [(one.tenant_id, one.body) for one in asked if one.status == 200], owners)
    return judgement.wrong


@asynccontextmanager
async def no_policy(town: Town) -> AsyncIterator[None]:
    async with reading(town) as connection:
        table = sql.Identifier(await live_build(connection, "academic", "booked"), "booked")
        await connection.execute(sql.SQL("ALTER TABLE {} DISABLE ROW LEVEL SECURITY").format(table))
        try:
            yield
        finally:
            await connection.execute(sql.SQL("ALTER TABLE {} ENABLE ROW LEVEL SECURITY").format(table))
