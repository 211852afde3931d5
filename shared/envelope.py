"""Between records and Kafka messages: CloudEvents 1.0 in binary mode, the stored bytes untouched."""

from datetime import datetime
from functools import lru_cache
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
    return id_in(meta_of(state), position)


def id_in(meta: dict[str, Any], position: int) -> str:
    return str(meta.get("event_id", f"unreadable-{position}"))


def meta_of(state: bytes) -> dict[str, Any]:
    """Empty for bytes that cannot be read: they travel all the same, whoever wants to read them parks them."""
    try:
        meta = orjson.loads(state)["meta"]
    except (ValueError, KeyError, TypeError):
        return {}
    return meta if isinstance(meta, dict) else {}


@lru_cache(maxsize=4_096)
def key_of(tenant_id: UUID) -> bytes:
    return str(tenant_id).encode()


@lru_cache(maxsize=4_096)
def tenant_of(key: bytes) -> UUID:
    return UUID(key.decode())


def headers_of(record: Record, service: str, generation: int, previous: int, kept: int = 0) -> Headers:
    """`previous` is the position of the record before this one in its partition: the link of the chain. `kept`: up to
    where this generation holds the history of the one before it."""
    meta = meta_of(record.state)
    headers = [
        ("ce_specversion", b"1.0"),
        ("ce_id", id_in(meta, record.position).encode()),
        ("ce_type", record.topic.encode()),
        ("ce_source", service.encode()),
        ("ce_subject", str(record.aggregate_id).encode()),
        ("ce_time", record.recorded_at.isoformat().encode()),
        ("ce_tenant", key_of(record.tenant_id)),
        ("ce_position", b"%d" % record.position),
        ("ce_previous", b"%d" % previous),
        ("ce_generation", b"%d" % generation),
        ("ce_dataschema", str(meta.get("class_version", 1)).encode()),
        ("ce_version", b"%d" % record.version),
        ("content-type", b"application/json"),
    ]
    if kept:
        headers.append(("ce_kept", b"%d" % kept))
    if "correlation_id" in meta:
        headers.append(("correlation_id", meta["correlation_id"].encode()))
    if "traceparent" in meta:
        traceparent = meta["traceparent"].encode()
        headers += [("traceparent", traceparent), ("ce_traceparent", traceparent)]
    return headers


def record_of(message: Message) -> Record:
    """Raises ValueError or KeyError for a message that no relay wrote, or whose key is not its tenant's."""
    headers = dict(message.headers)
    tenant = headers["ce_tenant"]
    if message.key != tenant:
        raise ValueError(f"the key of offset {message.offset} is not its tenant")
    return Record(
        position=int(headers["ce_position"]),
        tenant_id=tenant_of(tenant),
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
