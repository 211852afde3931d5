"""Which history a service writes, and the operator's word when the server is another one."""

from cyclopts import App

from infra.operator.access import Name, broker, connected, console
from shared import topics
from shared.database import Connection

RUNNING = "SELECT (pg_control_system()).system_identifier::text, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"
app = App(name="generation", help=__doc__)


@app.command
async def show(service: Name) -> None:
    """The generation of the log, and whether it was written on the server that runs now."""
    async with connected(service, "owner") as connection:
        generation, written = await _written(connection)
        running = await _running(connection)
    console.print(f"{service}: generation {generation}, written on {' '.join(written)}", highlight=False)
    if written != running:
        console.print(
            f"The server that runs is {' '.join(running)}: say `rollbook generation keep {service}` when it holds the"
            f" same history, `rollbook generation new {service}` when history was cut.",
            highlight=False,
        )


@app.command
async def keep(service: Name) -> None:
    """This server holds the same history (a promoted replica that had everything): go on with it."""
    async with connected(service, "owner") as connection:
        await _name_history(connection, None)
        generation, _ = await _written(connection)
    console.print(f"{service} goes on in generation {generation}. Start its processes again.")


@app.command
async def new(service: Name) -> None:
    """History was cut (a restored dump): publish it anew, under a number above all that were published."""
    async with connected(service, "owner") as connection:
        generation, _ = await _written(connection)
        published = await topics.newest_generation(broker(service), service)
        generation = max(generation, published or 0) + 1
        await topics.ensure(broker(service), service, generation)
        await _name_history(connection, generation)
    console.print(f"{service} goes on in generation {generation}. Start its processes again.")


async def _written(connection: Connection) -> tuple[int, tuple[str, str]]:
    cursor = await connection.execute("SELECT generation, system_identifier, timeline_id FROM event_log")
    async for generation, system, timeline in cursor:
        return generation, (system, timeline)
    raise LookupError("event_log is empty")


async def _running(connection: Connection) -> tuple[str, str]:
    async for system, timeline in await connection.execute(RUNNING):
        return system, timeline
    raise LookupError("the server does not name itself")


async def _name_history(connection: Connection, generation: int | None) -> None:
    system, timeline = await _running(connection)
    await connection.execute(
        "UPDATE event_log SET generation = coalesce(%(new)s, generation), system_identifier = %(system)s,"
        " timeline_id = %(timeline)s, kept = CASE WHEN %(new)s::int IS NULL THEN kept ELSE log_head() END",
        {"new": generation, "system": system, "timeline": timeline},
    )
