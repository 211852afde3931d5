"""Schools as customers of the platform: suspend one, reinstate it."""

from uuid import UUID

from cyclopts import App

from auth.service import SERVICE
from auth.tenants.operating import Change, change_tenant
from infra.operator.access import connected, console, dsn, operator
from shared.codec import Codec
from shared.database import open_pool
from shared.store import EventStore
from shared.writer import Writer

app = App(name="tenants", help=__doc__)


@app.command
async def suspend(tenant: UUID, *, reason: str) -> None:
    """End all sign-ins of a school, and let nothing in it change until it is reinstated.

    Parameters
    ----------
    reason: Why, for the school and the audit. Name no people here.
    """
    await change("suspend", tenant, reason)
    console.print(f"School {tenant} is suspended.")


@app.command
async def reinstate(tenant: UUID, *, reason: str) -> None:
    """End the suspension of a school.

    Parameters
    ----------
    reason: Why, for the school and the audit. Name no people here.
    """
    await change("reinstate", tenant, reason)
    console.print(f"School {tenant} is reinstated.")


async def change(what: Change, tenant: UUID, reason: str) -> None:
    login = dsn("auth", "worker")
    writer = Writer(login, SERVICE.name)
    async with open_pool(login, size=1) as pool, connected("auth") as connection:
        store = EventStore(SERVICE.name, pool, writer, Codec(SERVICE.aggregates))
        await writer.start()
        try:
            await change_tenant(connection, store, operator(), what, tenant, reason)
        finally:
            await writer.stop()
