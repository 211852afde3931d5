"""A new one does nothing until it is told where to start."""

from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Column, Table

from infra.operator.access import Name, broker, connected, console, refuse, service_of
from shared.starting import Origin, start, started_reactions

app = App(name="reactions", help=__doc__)


@app.command(name="list")
async def list_reactions(service: Name) -> None:
    """Every reaction of this release, and where the started ones began."""
    table = Table(Column("reaction", overflow="fold"), "listens to", "started")
    async with connected(service) as connection:
        cursor = await connection.execute("SELECT name, origin, started_at::timestamptz(0)::text FROM reactions")
        started = {name: f"from {origin}, {at}" for name, origin, at in await cursor.fetchall()}
    for reaction in service_of(service).reactions:
        table.add_row(reaction.name, reaction.source, started.get(reaction.name, "not yet"))
    console.print(table)


@app.command(name="start")
async def start_one(service: Name, name: str, *, origin: Annotated[Origin, Parameter(name="--from")]) -> None:
    """Start a reaction with the first event of its source, or with the next one."""
    known = {reaction.name: reaction for reaction in service_of(service).reactions}
    if name not in known:
        refuse(f"{service} has no reaction {name}; see `rollbook reactions list {service}`.")
    async with connected(service) as connection:
        if known[name] in await started_reactions(connection, service_of(service)):
            refuse(f"{name} was started before.")
        await start(connection, service_of(service), known[name], broker(service), origin)
    console.print(f"{name} starts from {origin}.")
