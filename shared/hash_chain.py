"""The hash chain of a tenant: each entry binds one stored event to all before it. Pure, driven by anyone."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from struct import Struct
from typing import NamedTuple
from uuid import UUID

from shared.records import Record

EVENT, ENTRY, START = b"rollbook event 1\n", b"rollbook entry 1\n", b"rollbook start 1\n"
NUMBERS = Struct(">qqqi")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Head(NamedTuple):
    """The newest entry of a tenant's chain."""

    position: int
    chain_hash: bytes


class Entry(NamedTuple):
    """`previous` is the position of the tenant's event before this one, 0 for the first."""

    position: int
    previous: int
    tenant_id: UUID
    event_hash: bytes
    chain_hash: bytes


def start_of(service: str, tenant_id: UUID) -> Head:
    """Under the first entry stands whose chain it is: that of another tenant or service does not fit."""
    return Head(0, sha256(START + tenant_id.bytes + service.encode()).digest())


def event_hash(record: Record) -> bytes:
    """Over the stored bytes and the columns beside them; the lengths make it one reading only."""
    topic = record.topic.encode()
    numbers = NUMBERS.pack(record.position, record.version, microseconds(record.recorded_at), len(topic))
    return sha256(
        b"".join((EVENT, record.tenant_id.bytes, record.aggregate_id.bytes, numbers, topic, record.state))
    ).digest()


def chained(service: str, records: Iterable[Record], heads: Mapping[UUID, Head]) -> list[Entry]:
    """The entries of these records, which follow on the tenants' heads."""
    newest = dict(heads)
    entries = []
    for record in records:
        head = newest.get(record.tenant_id) or start_of(service, record.tenant_id)
        own = event_hash(record)
        chain_hash = sha256(ENTRY + head.chain_hash + own).digest()
        entries.append(Entry(record.position, head.position, record.tenant_id, own, chain_hash))
        newest[record.tenant_id] = Head(record.position, chain_hash)
    return entries


def microseconds(time: datetime) -> int:
    """Since 1970, exactly."""
    return (time - EPOCH) // MICROSECOND
