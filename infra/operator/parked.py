"""Events that a view or reaction could not handle, and what waits behind them."""

from cyclopts import App
from rich.table import Column, Table

from infra.operator.access import Name, connected, console

app = App(name="parked", help=__doc__)


@app.command(name="list")
async def list_parked(service: Name) -> None:
    """What failed, per consumer and tenant, and how many events wait behind it. Of the newest generation of a source:
    nobody reads an older one."""
    table = Table(
        *(Column(name, overflow="fold") for name in ("consumer", "tenant", "error", "pointer", "tries", "wait"))
    )
    async with connected(service) as connection:
        cursor = await connection.execute(
            "SELECT DISTINCT ON (consumer, tenant_id) consumer, tenant_id::text, error_class, pointer, tries::text,"
            " (count(*) OVER (PARTITION BY consumer, tenant_id) - 1)::text"
            " FROM parked WHERE (source, generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1)"
            " ORDER BY consumer, tenant_id, source, generation, position"
        )
        rows = await cursor.fetchall()
    for row in rows:
        table.add_row(*row)
    console.print(table if rows else f"Nothing is parked in {service}.")


@app.command
async def retry(service: Name, consumer: str | None = None, tenant: str | None = None) -> None:
    """Ask the worker to try parked events again, in order; all of them, or of one consumer or tenant."""
    async with connected(service) as connection:
        cursor = await connection.execute(
            "UPDATE parked SET retry = true"
            " WHERE (source, generation) IN (SELECT source, max(generation) FROM positions GROUP BY 1)"
            " AND (%(consumer)s::text IS NULL OR consumer = %(consumer)s)"
            " AND (%(tenant)s::uuid IS NULL OR tenant_id = %(tenant)s::uuid)",
            {"consumer": consumer, "tenant": tenant},
        )
    console.print(f"{cursor.rowcount} parked events will be tried again by the worker of {service}.")
