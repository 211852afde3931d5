"""Builds of read models, each filled beside the live one."""

from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Column, Table

from infra.operator.access import Name, broker, connected, console, operator, refuse, service_of
from infra.operator.waiting import wait_for_build
from shared.operator.builds import begin_build, flip_build, list_builds, remove_build, verify_build

app = App(name="views", help=__doc__)


@app.command(name="list")
async def list_all(service: Name) -> None:
    """Every build with its position and how much of its source it has read."""
    table = Table("build", Column("view", overflow="fold"), "version", "live", "position", "read")
    async with connected(service) as connection:
        for build in await list_builds(connection, service_of(service), broker(service)):
            read = "?" if build.percent is None else f"{build.percent} %"
            live = "live" if build.live else ""
            table.add_row(str(build.build), build.view, str(build.version), live, str(build.position), read)
    console.print(table)


@app.command
async def build(service: Name, view: str, *, wait: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Begin a new build of a view. The worker fills it; `flip` makes it live.

    Parameters
    ----------
    wait: Show the progress until it has caught up.
    """
    async with connected(service) as connection:
        number = await begin_build(connection, service_of(service), broker(service), operator(), view)
        console.print(f"Build {number} of {view} begins at position 0; see `rollbook views list {service}`.")
        if wait:
            await wait_for_build(connection, service, number)
            console.print(f"Build {number} has caught up: verify it, then flip to it.")


@app.command
async def verify(service: Name, number: int) -> None:
    """Compare a build with a fold of the whole history; exit status 1 when they differ."""
    async with connected(service) as connection:
        differences = await verify_build(connection, service_of(service), broker(service), operator(), number)
    for found in differences:
        console.print(f"{found.table} of tenant {found.tenant_id}: build {found.build}, history {found.fold}")
    if differences:
        refuse(f"Build {number} differs in {len(differences)} places (rows, checksum).")
    console.print(f"Build {number} holds exactly what the history says.")


@app.command
async def flip(service: Name, number: int) -> None:
    """Make a build the live one of its view."""
    async with connected(service) as connection:
        await flip_build(connection, service_of(service), operator(), number)
    console.print(f"Build {number} is live.")


@app.command
async def drop(service: Name, number: int) -> None:
    """Remove a build that is not live, with its tables."""
    async with connected(service) as connection:
        await remove_build(connection, service_of(service), operator(), number)
    console.print(f"Build {number} is gone.")
