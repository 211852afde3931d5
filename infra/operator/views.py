"""Builds of read models, each filled beside the live one."""

from cyclopts import App
from rich.table import Column, Table

from infra.operator.access import Name, broker, connected, console, generation_of, refuse, service_of
from shared.builds import BehindLive, Build, builds_of, drop_build, flip, make_build
from shared.codec import Codec
from shared.database import Connection
from shared.log_feed import read_head
from shared.positions import load_places
from shared.topic_feed import tail_places
from shared.verifying import verify as compare

app = App(name="views", help=__doc__)


@app.command(name="list")
async def list_builds(service: Name) -> None:
    """Every build with its position and how much of its source it has read."""
    table = Table("build", Column("view", overflow="fold"), "version", "live", "position", "read")
    async with connected(service) as connection:
        for build in await builds_of(connection, service_of(service).views):
            reached, whole = await _progress(connection, service, build)
            part = "100 %" if reached >= whole else f"{100 * reached // whole} %"
            version, live = str(build.view.VERSION), "live" if build.live else ""
            table.add_row(str(build.number), build.view.NAME, version, live, str(reached), part)
    console.print(table)


@app.command
async def build(service: Name, view: str) -> None:
    """Begin a new build of a view. The worker fills it; `flip` makes it live."""
    known = {each.NAME: each for each in service_of(service).views}
    if view not in known:
        refuse(f"{service} has no view {view}; it has {', '.join(sorted(known))}.")
    async with connected(service) as connection:
        generation = await generation_of(connection, service, known[view].SOURCE)
        made = await make_build(connection, service, known[view], generation)
    console.print(f"Build {made.number} of {view} begins at position 0; see `rollbook views list {service}`.")


@app.command
async def verify(service: Name, number: int) -> None:
    """Compare a build with a fold of the whole history; exit status 1 when they differ."""
    async with connected(service) as connection:
        build = await _build(connection, service, number)
        generation = await generation_of(connection, service, build.view.SOURCE)
        if build.schema not in await load_places(connection, build.view.SOURCE, generation, [build.schema]):
            refuse(
                f"Build {number} shows an earlier generation of {build.view.SOURCE}, which is now in generation"
                f" {generation}: drop it."
            )
        codec = Codec(service_of(service).aggregates)
        differences = await compare(connection, service, codec, build, generation, broker(service))
    for found in differences:
        console.print(f"{found.table} of tenant {found.tenant_id}: build {found.build}, history {found.fold}")
    if differences:
        refuse(f"Build {number} differs in {len(differences)} places (rows, checksum).")
    console.print(f"Build {number} holds exactly what the history says.")


@app.command(name="flip")
async def flip_to(service: Name, number: int) -> None:
    """Make a build the live one of its view."""
    async with connected(service) as connection:
        try:
            await flip(connection, service, await _build(connection, service, number))
        except BehindLive:
            refuse(f"Build {number} has not come as far as the live one: wait until it has.")
    console.print(f"Build {number} is live.")


@app.command
async def drop(service: Name, number: int) -> None:
    """Remove a build that is not live, with its tables."""
    async with connected(service) as connection:
        build = await _build(connection, service, number)
        if build.live:
            refuse(f"Build {number} is live: make another one live first.")
        await drop_build(connection, build)
    console.print(f"Build {number} is gone.")


async def _build(connection: Connection, service: Name, number: int) -> Build:
    found = [build for build in await builds_of(connection, service_of(service).views) if build.number == number]
    return found[0] if found else refuse(f"{service} has no build {number} of a view version that this release knows.")


async def _progress(connection: Connection, service: Name, build: Build) -> tuple[int, int]:
    source = build.view.SOURCE
    generation = await generation_of(connection, service, source)
    places = (await load_places(connection, source, generation, [build.schema])).get(build.schema, {})
    if source == service:
        whole = await read_head(connection)
    else:
        whole = sum(tail.position for tail in (await tail_places(broker(service), source, generation)).values())
    return sum(place.position for place in places.values()), whole
