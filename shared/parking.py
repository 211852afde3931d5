"""Parking: what a consumer cannot handle, and what must wait behind it. Pointers only, never data."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from shared.database import Connection
from shared.gauges import PARKED
from shared.positions import Deposed
from shared.records import Record


@dataclass(frozen=True)
class Pointer:
    consumer: str
    tenant_id: UUID
    partition: int
    position: int
    offset: int


class Parking:
    """The tenants (or, where a view is independent of order between aggregates, the aggregates) that wait."""

    def __init__(self, source: str, generation: int) -> None:
        self._source = source
        self._generation = generation
        self.independent: set[str] = set()
        self._waiting: dict[str, set[UUID]] = {}

    async def load(self, connection: Connection, consumers: Iterable[str]) -> None:
        facts = dict.fromkeys(consumers, 0)
        cursor = await connection.execute(
            "SELECT consumer, tenant_id, aggregate_id, count(*) FROM parked"
            " WHERE source = %s AND generation = %s AND consumer = ANY(%s) GROUP BY 1, 2, 3",
            (self._source, self._generation, list(facts)),
        )
        self._waiting = {}
        for consumer, tenant_id, aggregate_id, count in await cursor.fetchall():
            who = aggregate_id if consumer in self.independent else tenant_id
            self._waiting.setdefault(consumer, set()).add(who)
            facts[consumer] += count
        for consumer, number in facts.items():
            PARKED.labels(consumer, self._source).set(number)

    def waits(self, consumer: str, record: Record) -> bool:
        waiting = self._waiting.get(consumer)
        return waiting is not None and self._who(consumer, record) in waiting

    async def park(
        self, connection: Connection, consumer: str, record: Record, error: str, *, heals: bool = False
    ) -> None:
        """Belongs into the transaction that moves the consumer's position past the record. What heals is tried again
        without being asked for."""
        self._waiting.setdefault(consumer, set()).add(self._who(consumer, record))
        PARKED.labels(consumer, self._source).inc()
        await connection.execute(
            "INSERT INTO parked (tenant_id, consumer, source, generation, partition, position, kafka_offset,"
            " aggregate_id, error_class, pointer, retry) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
            (
                record.tenant_id,
                consumer,
                self._source,
                self._generation,
                record.partition,
                record.position,
                record.offset,
                record.aggregate_id,
                error,
                f"{record.topic} {self._source}/{self._generation}/{record.partition}/{record.position}",
                heals,
            ),
        )

    async def wanted(self, connection: Connection, consumers: Iterable[str]) -> list[Pointer]:
        """What heals, or an operator asked to be tried again, in order, and what was parked behind it since then."""
        cursor = await connection.execute(
            "SELECT consumer, tenant_id, partition, position, kafka_offset FROM parked"
            " WHERE source = %s AND generation = %s AND consumer = ANY(%s) AND (consumer, tenant_id) IN"
            " (SELECT consumer, tenant_id FROM parked WHERE retry AND source = %s AND generation = %s)"
            " ORDER BY consumer, tenant_id, position",
            (self._source, self._generation, list(consumers), self._source, self._generation),
        )
        pointers = [Pointer(*row) for row in await cursor.fetchall()]
        if pointers:
            await connection.execute(
                "UPDATE parked p SET retry = true FROM unnest(%s::text[], %s::uuid[]) w(consumer, tenant_id)"
                " WHERE p.consumer = w.consumer AND p.tenant_id = w.tenant_id AND NOT p.retry"
                " AND p.source = %s AND p.generation = %s",
                (
                    [pointer.consumer for pointer in pointers],
                    [pointer.tenant_id for pointer in pointers],
                    self._source,
                    self._generation,
                ),
            )
        return pointers

    async def still_wanted(self, connection: Connection, pointer: Pointer) -> bool:
        """False once a fact before it failed again."""
        cursor = await connection.execute(
            "SELECT retry FROM parked WHERE consumer = %s AND tenant_id = %s AND source = %s AND generation = %s"
            " AND partition = %s AND position = %s",
            self._key(pointer),
        )
        row = await cursor.fetchone()
        return row is not None and bool(row[0])

    def _key(self, pointer: Pointer) -> tuple[object, ...]:
        return (
            pointer.consumer,
            pointer.tenant_id,
            self._source,
            self._generation,
            pointer.partition,
            pointer.position,
        )

    async def done(self, connection: Connection, pointer: Pointer) -> None:
        """Raises Deposed when somebody else has handled it: what followed may have been handled since, too."""
        cursor = await connection.execute(
            "DELETE FROM parked WHERE consumer = %s AND tenant_id = %s AND source = %s AND generation = %s"
            " AND partition = %s AND position = %s",
            self._key(pointer),
        )
        if cursor.rowcount != 1:
            raise Deposed

    async def failed_again(self, connection: Connection, pointer: Pointer, error: str, *, heals: bool = False) -> None:
        """The tenant goes on waiting: for the next request to retry, or for the next look at what heals."""
        await connection.execute(
            "UPDATE parked SET retry = (%s AND position = %s), tries = tries + (position = %s)::int,"
            " error_class = CASE WHEN position = %s THEN %s ELSE error_class END"
            " WHERE consumer = %s AND tenant_id = %s AND source = %s AND generation = %s",
            (
                heals,
                pointer.position,
                pointer.position,
                pointer.position,
                error,
                pointer.consumer,
                pointer.tenant_id,
                self._source,
                self._generation,
            ),
        )

    def _who(self, consumer: str, record: Record) -> UUID:
        return record.aggregate_id if consumer in self.independent else record.tenant_id


WAITS = "Waits"
"""In place of an error class: this fact did not fail, it waits behind one that did."""
