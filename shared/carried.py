"""What reactions handled in an earlier generation of their source: it comes again and must not be handled again."""

from collections.abc import Iterable

from shared.database import Connection
from shared.records import Record


class Carried:
    """A new generation sends the history that was kept under the same positions, and behind it other facts."""

    def __init__(self, source: str, generation: int, *, own: bool) -> None:
        self._source = source
        self._generation = generation
        self._own = own
        self._reached: dict[tuple[str, int], int] = {}
        self._parked: set[tuple[str, int, int]] = set()

    async def load(self, connection: Connection, reactions: Iterable[str]) -> None:
        """Where each reaction stood in the last generation that it read, and what it had parked there."""
        if self._generation == 1:
            return
        cursor = await connection.execute(
            "SELECT p.consumer, p.partition, p.position, array(SELECT k.position FROM parked k"
            " WHERE (k.consumer, k.source, k.generation, k.partition)"
            " = (p.consumer, p.source, p.generation, p.partition))"
            " FROM positions p JOIN (SELECT consumer, max(generation) AS generation FROM positions"
            " WHERE source = %s AND generation < %s AND consumer = ANY(%s) GROUP BY consumer) last"
            " USING (consumer, generation) WHERE p.source = %s",
            (self._source, self._generation, list(reactions), self._source),
        )
        for reaction, partition, position, parked in await cursor.fetchall():
            self._reached[reaction, partition] = position
            self._parked |= {(reaction, partition, waiting) for waiting in parked}

    def handled(self, reaction: str, record: Record) -> bool:
        """A store is restored with the places of its own reactions: they stand nowhere behind what was kept."""
        if record.position > self._reached.get((reaction, record.partition), 0):
            return False
        if (reaction, record.partition, record.position) in self._parked:
            return False
        return self._own or record.position <= record.kept
