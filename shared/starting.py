"""Starting reactions: a new one does nothing until told whether from the beginning or from now."""

from typing import Literal

from shared.chain import Place
from shared.database import Connection, connect
from shared.reactions import Reaction
from shared.service import Service
from shared.topic_feed import tail_places
from shared.topics import newest_generation

Origin = Literal["beginning", "now"]


async def start_all(dsn: str, service: Service, kafka: str, origin: Origin) -> list[str]:
    """Starts every reaction of the service that has not been started; returns their names."""
    async with await connect(dsn, search_path=service.name) as connection:
        started = await started_reactions(connection, service)
        new = [reaction for reaction in service.reactions if reaction not in started]
        for reaction in new:
            await start(connection, service, reaction, kafka, origin)
        return [reaction.name for reaction in new]


async def start(connection: Connection, service: Service, reaction: Reaction, kafka: str, origin: Origin) -> None:
    places: dict[int, Place] = {}
    generation = 0
    if origin == "now":
        generation, places = await _places_now(connection, service, reaction.source, kafka)
    async with connection.transaction():
        await connection.execute("INSERT INTO reactions (name, origin) VALUES (%s, %s)", (reaction.name, origin))
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


async def _places_now(
    connection: Connection, service: Service, source: str, kafka: str
) -> tuple[int, dict[int, Place]]:
    if source == service.name:
        cursor = await connection.execute("SELECT generation, log_head() FROM event_log")
        row = await cursor.fetchone()
        assert row is not None  # noqa: S101
        return row[0], {0: Place(row[1])}
    generation = await newest_generation(kafka, source)
    if generation is None:
        return 0, {}
    return generation, await tail_places(kafka, source, generation)
