"""Starting reactions: a new one does nothing until told whether from the beginning or from now."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel

from shared.chain import Place
from shared.database import Connection, connect
from shared.errors import NotFound, Refused
from shared.operator.actions import Action, Operator, Result
from shared.reactions import Reaction
from shared.service import Service
from shared.topic_feed import tail_places
from shared.topics import newest_generation

Origin = Literal["beginning", "now"]


class ReactionUnknown(NotFound):
    """The service has no such reaction."""


class ReactionStarted(Refused):
    """The reaction was started before."""


class ReactionStart(BaseModel):
    """A reaction of this release; without `origin` it was not started yet."""

    name: str
    source: str
    origin: Origin | None = None
    started_at: datetime | None = None


async def list_reactions(connection: Connection, service: Service) -> list[ReactionStart]:
    cursor = await connection.execute("SELECT name, origin, started_at FROM reactions")
    started = {name: {"origin": origin, "started_at": at} for name, origin, at in await cursor.fetchall()}
    return [
        ReactionStart(name=reaction.name, source=reaction.source, **started.get(reaction.name, {}))
        for reaction in service.reactions
    ]


async def start_reaction(
    connection: Connection, service: Service, kafka: str, operator: Operator, name: str, origin: Origin
) -> None:
    """Raises ReactionUnknown, ReactionStarted."""
    async with Action(connection, operator, "reaction.start", name=name[:200], origin=origin) as action:
        known = {reaction.name: reaction for reaction in service.reactions}
        if name not in known:
            raise ReactionUnknown(f"{service.name} has no reaction {name}.")
        generation, places = await _places_of(connection, service, known[name].source, kafka, origin)

        async def effect() -> Result:
            await _note_start(connection, known[name], origin, generation, places)
            return {}

        await action.take(effect)


async def start_all(dsn: str, service: Service, kafka: str, origin: Origin) -> list[str]:
    """Starts every reaction of the service that has not been started; returns their names."""
    async with await connect(dsn, search_path=service.name) as connection:
        started = await started_reactions(connection, service)
        new = [reaction for reaction in service.reactions if reaction not in started]
        for reaction in new:
            await start(connection, service, reaction, kafka, origin)
        return [reaction.name for reaction in new]


async def start(connection: Connection, service: Service, reaction: Reaction, kafka: str, origin: Origin) -> None:
    """Raises ReactionStarted."""
    generation, places = await _places_of(connection, service, reaction.source, kafka, origin)
    await _note_start(connection, reaction, origin, generation, places)


async def _note_start(
    connection: Connection, reaction: Reaction, origin: Origin, generation: int, places: dict[int, Place]
) -> None:
    async with connection.transaction():
        cursor = await connection.execute(
            "INSERT INTO reactions (name, origin) VALUES (%s, %s) ON CONFLICT DO NOTHING", (reaction.name, origin)
        )
        if cursor.rowcount != 1:
            raise ReactionStarted(f"{reaction.name} was started before.")
        for partition, place in places.items():
            await connection.execute(
                "INSERT INTO positions (consumer, source, generation, partition, position, kafka_offset)"
                " VALUES (%s, %s, %s, %s, %s, %s)",
                (reaction.name, reaction.source, generation, partition, place.position, place.offset),
            )


async def started_reactions(connection: Connection, service: Service) -> list[Reaction]:
    cursor = await connection.execute("SELECT name FROM reactions")
    names = {name for (name,) in await cursor.fetchall()}
    return [reaction for reaction in service.reactions if reaction.name in names]


async def _places_of(
    connection: Connection, service: Service, source: str, kafka: str, origin: Origin
) -> tuple[int, dict[int, Place]]:
    if origin == "beginning":
        return 0, {}
    if source == service.name:
        cursor = await connection.execute("SELECT generation, log_head() FROM event_log")
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101
        return row[0], {0: Place(row[1])}
    generation = await newest_generation(kafka, source)
    if generation is None:
        return 0, {}
    return generation, await tail_places(kafka, source, generation)
