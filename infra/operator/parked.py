"""Events that a view or reaction could not handle, and what waits behind them."""

from uuid import UUID

from cyclopts import App
from rich.table import Column, Table

from infra.operator.access import Name, connected, console, operator
from shared.operator.parked import list_parked, retry_parked

COLUMNS = ("consumer", "tenant", "error", "pointer", "tries", "wait")
app = App(name="parked", help=__doc__)


@app.command(name="list")
async def list_all(service: Name) -> None:
    """What failed, per consumer and tenant, and how many events wait behind it."""
    table = Table(*(Column(name, overflow="fold") for name in COLUMNS))
    async with connected(service) as connection:
        parked = await list_parked(connection)
    for one in parked:
        table.add_row(one.consumer, str(one.tenant_id), one.error, one.pointer, str(one.tries), str(one.waiting))
    console.print(table if parked else f"Nothing is parked in {service}.")


@app.command
async def retry(service: Name, consumer: str | None = None, tenant: UUID | None = None) -> None:
    """Ask the worker to try parked events again, in order; all of them, or of one consumer or tenant."""
    async with connected(service) as connection:
        number = await retry_parked(connection, operator(), consumer, tenant)
    console.print(f"{number} parked events will be tried again by the worker of {service}.")
