"""Which history a service writes, and the operator's word when the server is another one."""

from cyclopts import App

from infra.operator.access import Name, broker, connected, console, operator, service_of
from shared.operator.generations import keep_generation, new_generation, show_generation

app = App(name="generation", help=__doc__)


@app.command
async def show(service: Name) -> None:
    """The generation of the log, and whether it was written on the server that runs now."""
    async with connected(service, "owner") as connection:
        found = await show_generation(connection)
    console.print(f"{service}: generation {found.generation}, written on {found.written_on}", highlight=False)
    if not found.same_server:
        console.print(
            f"The server that runs is {found.running_on}: say `rollbook generation keep {service}` when it"
            f" holds the same history, `rollbook generation new {service}` when history was cut.",
            highlight=False,
        )


@app.command
async def keep(service: Name) -> None:
    """This server holds the same history (a promoted replica that had everything): go on with it."""
    async with connected(service, "owner") as connection:
        generation = await keep_generation(connection, operator())
    console.print(f"{service} goes on in generation {generation}. Start its processes again.")


@app.command
async def new(service: Name) -> None:
    """History was cut (a restored dump): publish it anew, under a number above all that were published."""
    async with connected(service, "owner") as connection:
        generation = await new_generation(connection, service_of(service), broker(service), operator())
    console.print(f"{service} goes on in generation {generation}. Start its processes again.")
