"""Positions in PostgreSQL: read at the start, moved by compare-and-set from the value read."""

from collections.abc import Iterable
from typing import NamedTuple

from shared.chain import Place
from shared.database import Connection


class Deposed(Exception):
    """Somebody else moved a position: this reader steps down and starts again from PostgreSQL."""


class Move(NamedTuple):
    consumer: str
    partition: int
    read: Place
    to: Place


async def load_places(
    connection: Connection, source: str, generation: int, consumers: Iterable[str]
) -> dict[str, dict[int, Place]]:
    """consumer → partition → place."""
    cursor = await connection.execute(
        "SELECT consumer, partition, position, kafka_offset FROM positions"
        " WHERE source = %s AND generation = %s AND consumer = ANY(%s)",
        (source, generation, list(consumers)),
    )
    places: dict[str, dict[int, Place]] = {}
    for consumer, partition, position, offset in await cursor.fetchall():
        places.setdefault(consumer, {})[partition] = Place(position, offset)
    return places


async def move(connection: Connection, source: str, generation: int, moves: list[Move]) -> None:
    """All or Deposed; to be called in the transaction of the effect."""
    if not moves:
        return
    cursor = await connection.execute(
        "UPDATE positions p SET position = m.position, kafka_offset = m.kafka_offset"
        " FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[], %s::bigint[])"
        " m(consumer, partition, read, position, kafka_offset)"
        " WHERE p.consumer = m.consumer AND p.source = %s AND p.generation = %s AND p.partition = m.partition"
        " AND p.position = m.read",
        (
            [m.consumer for m in moves],
            [m.partition for m in moves],
            [m.read.position for m in moves],
            [m.to.position for m in moves],
            [m.to.offset for m in moves],
            source,
            generation,
        ),
        prepare=True,
    )
    if cursor.rowcount != len(moves):
        raise Deposed
