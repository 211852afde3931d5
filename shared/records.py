"""A record: one stored event on its way to its readers, from the own log or from another service's topic."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

PARTITIONS = 12


def partition_of(tenant_id: UUID) -> int:
    """Where a tenant's events travel. Fixed for ever, as is the count of partitions."""
    return tenant_id.int % 4_294_967_291 % PARTITIONS


class Record(NamedTuple):
    """`previous` is the position of the record before this one in its partition. The own log has one partition, 0.
    `kept`: up to where this generation of the source holds the history of the one before it."""

    position: int
    tenant_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    state: bytes
    recorded_at: datetime
    previous: int
    partition: int = 0
    offset: int = -1
    kept: int = 0

    @classmethod
    def of_log(cls, row: Sequence[Any]) -> "Record":
        position, tenant_id, aggregate_id, version, topic, state, recorded_at = row
        return cls(position, tenant_id, aggregate_id, version, topic, state, recorded_at, position - 1)
