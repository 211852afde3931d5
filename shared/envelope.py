"""Between records and Kafka messages: CloudEvents 1.0 in binary mode, the stored bytes untouched."""

from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import orjson

from shared.records import Record

Headers = list[tuple[str, bytes]]


class Message(Protocol):
    """What a consumed Kafka message offers."""

    headers: Any
    key: Any
    value: Any
    partition: int
    offset: int


def event_id_of(record: Record) -> str:
    return event_id(record.position, record.state)


def event_id(position: int, state: bytes) -> str:
    return str(meta_of(state).get("event_id", f"unreadable-{position}"))


def meta_of(state: bytes) -> dict[str, Any]:
    """Empty for bytes that cannot be read: they travel all the same, whoever wants to read them parks them."""
    try:
        meta = orjson.loads(state)["meta"]
    except (ValueError, KeyError, TypeError):
        return {}
    return meta if isinstance(meta, dict) else {}


def headers_of(record: Record, service: str, generation: int, previous: int, kept: int = 0) -> Headers:
    """`previous` is the position of the record before this one in its partition: the link of the chain. `kept`: up to
    where this generation holds the history of the one before it."""
    meta = meta_of(record.state)
    values = {
        "ce_specversion": "1.0",
        "ce_id": event_id_of(record),
        "ce_type": record.topic,
        "ce_source": service,
        "ce_subject": str(record.aggregate_id),
        "ce_time": record.recorded_at.isoformat(),
        "ce_tenant": str(record.tenant_id),
        "ce_position": str(record.position),
        "ce_previous": str(previous),
        "ce_generation": str(generation),
        "ce_dataschema": str(meta.get("class_version", 1)),
        "ce_version": str(record.version),
        "content-type": "application/json",
    }
    if kept:
        values["ce_kept"] = str(kept)
    if "correlation_id" in meta:
        values["correlation_id"] = meta["correlation_id"]
    if "traceparent" in meta:
        values["traceparent"] = values["ce_traceparent"] = meta["traceparent"]
    return [(name, value.encode()) for name, value in values.items()]


def record_of(message: Message) -> Record:
    """Raises ValueError or KeyError for a message that no relay wrote, or whose key is not its tenant's."""
    headers = dict(message.headers)
    tenant = headers["ce_tenant"].decode()
    if message.key != tenant.encode():
        raise ValueError(f"the key of offset {message.offset} is not its tenant")
    return Record(
        position=int(headers["ce_position"]),
        tenant_id=UUID(tenant),
        aggregate_id=UUID(headers["ce_subject"].decode()),
        version=int(headers["ce_version"]),
        topic=headers["ce_type"].decode(),
        state=bytes(message.value),
        recorded_at=datetime.fromisoformat(headers["ce_time"].decode()),
        previous=int(headers["ce_previous"]),
        partition=message.partition,
        offset=message.offset,
        kept=int(headers.get("ce_kept", b"0")),
    )


def readable(message: Message) -> Record | None:
    """None for a message that no relay wrote: it is no part of any chain."""
    try:
        return record_of(message)
    except (KeyError, ValueError, AttributeError, TypeError):
        return None
