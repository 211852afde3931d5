"""Who did what to a service as its operator, by command line or API."""

import orjson
from cyclopts import App
from rich.table import Column, Table

from infra.operator.access import Name, connected, console
from shared.operator.actions import list_actions

COLUMNS = ("number", "at", "actor", "action", "arguments", "outcome", "result")
app = App(name="audit", help=__doc__)


@app.command(name="list")
async def list_all(service: Name, *, limit: int = 50) -> None:
    """The newest actions first, also those that were refused."""
    table = Table(*(Column(name, overflow="fold") for name in COLUMNS))
    async with connected(service) as connection:
        actions = await list_actions(connection, limit)
    for one in actions:
        arguments, result = (orjson.dumps(given).decode() for given in (one.arguments, one.result))
        at = f"{one.at:%Y-%m-%d %H:%M:%S%z}"
        table.add_row(str(one.number), at, one.actor, one.action, arguments, one.outcome, result)
    console.print(table if actions else f"No operator has acted on {service} yet.")
