"""Which history a service writes, and the operator's word when the server is another one."""

from pydantic import BaseModel

from shared import topics
from shared.database import Connection, scalar
from shared.errors import Refused
from shared.operator.actions import Action, Operator, Result
from shared.service import Service

RUNNING = "SELECT (pg_control_system()).system_identifier::text, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)"


class SourceSilent(Refused):
    """The source has not published anything yet."""


class Server(BaseModel):
    """A history of a PostgreSQL server: a promoted replica is on another timeline."""

    system_identifier: str
    timeline_id: str

    def __str__(self) -> str:
        return f"{self.system_identifier} {self.timeline_id}"


class Generation(BaseModel):
    """`written_on` is the server that the log names, `running_on` the one that answers."""

    generation: int
    written_on: Server
    running_on: Server

    @property
    def same_server(self) -> bool:
        return self.written_on == self.running_on


async def show_generation(connection: Connection) -> Generation:
    cursor = await connection.execute("SELECT generation, system_identifier, timeline_id FROM event_log")
    async for generation, system, timeline in cursor:
        running = await _running(connection)
        return Generation(
            generation=generation, written_on=Server(system_identifier=system, timeline_id=timeline), running_on=running
        )
    raise LookupError("event_log is empty")


async def keep_generation(connection: Connection, operator: Operator) -> int:
    """This server holds the same history: go on with it. Needs the owner's rights, as `new_generation` does."""
    generation = (await show_generation(connection)).generation

    async def effect() -> Result:
        await _name_history(connection, None)
        return {"generation": generation}

    async with Action(connection, operator, "generation.keep") as action:
        return int((await action.take(effect))["generation"])


async def new_generation(connection: Connection, service: Service, kafka: str, operator: Operator) -> int:
    """History was cut: publish it anew, under a number above all that were published."""
    published = await topics.newest_generation(kafka, service.name)
    generation = max((await show_generation(connection)).generation, published or 0) + 1
    await topics.ensure(kafka, service.name, generation)

    async def effect() -> Result:
        await _name_history(connection, generation)
        return {"generation": generation}

    async with Action(connection, operator, "generation.new") as action:
        return int((await action.take(effect))["generation"])


async def generation_of(connection: Connection, service: Service, source: str, kafka: str) -> int:
    """Of the own log, or of what another service publishes now. Raises SourceSilent."""
    if source == service.name:
        return int(await scalar(connection, "SELECT generation FROM event_log"))
    newest = await topics.newest_generation(kafka, source)
    if newest is None:
        raise SourceSilent(f"{source} has not published anything yet.")
    return newest


async def _running(connection: Connection) -> Server:
    async for system, timeline in await connection.execute(RUNNING):
        return Server(system_identifier=system, timeline_id=timeline)
    raise LookupError("the server does not name itself")


async def _name_history(connection: Connection, generation: int | None) -> None:
    running = await _running(connection)
    await connection.execute(
        "UPDATE event_log SET generation = coalesce(%(new)s, generation), system_identifier = %(system)s,"
        " timeline_id = %(timeline)s, kept = CASE WHEN %(new)s::int IS NULL THEN kept ELSE log_head() END",
        {"new": generation, "system": running.system_identifier, "timeline": running.timeline_id},
    )
