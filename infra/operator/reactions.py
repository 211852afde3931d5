"""A new one does nothing until it is told where to start."""

from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Column, Table

from infra.operator.access import Name, broker, connected, console, operator, service_of
from shared.starting import Origin, list_reactions, start_reaction

app = App(name="reactions", help=__doc__)


@app.command(name="list")
async def list_all(service: Name) -> None:
    """Every reaction of this release, and where the started ones began."""
    table = Table(Column("reaction", overflow="fold"), "listens to", "started")
    async with connected(service) as connection:
        for reaction in await list_reactions(connection, service_of(service)):
            started = f"from {reaction.origin}, {reaction.started_at:%Y-%m-%d %H:%M:%S%z}"
            table.add_row(reaction.name, reaction.source, "not yet" if reaction.origin is None else started)
    console.print(table)


@app.command
async def start(service: Name, name: str, *, origin: Annotated[Origin, Parameter(name="--from")]) -> None:
    """Start a reaction with the first event of its source, or with the next one."""
    async with connected(service) as connection:
        await start_reaction(connection, service_of(service), broker(service), operator(), name, origin)
    console.print(f"{name} starts from {origin}.")
