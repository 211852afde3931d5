"""Between events and their stored bytes: plain JSON `{"meta": …, "data": …}`, types from a closed registry."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, NotRequired, cast, get_origin, get_type_hints
from uuid import UUID

import orjson
from eventsourcing.domain import AggregateCreated
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from shared.calls import Call
from shared.events import Aggregate
from shared.ids import uuid7

ENVELOPE = {
    "originator_id",
    "originator_version",
    "originator_topic",
    "timestamp",
    "tenant_id",
    "originator_id_type",
}


class Undecodable(Exception):
    """Stored bytes that this release cannot read: unknown type, newer version, wrong shape."""


class Meta(TypedDict):
    event_id: UUID
    time: datetime
    actor: dict[str, str]
    correlation_id: UUID
    class_version: NotRequired[int]
    causation_id: NotRequired[UUID]
    on_behalf_of: NotRequired[str]
    subjects: NotRequired[list[UUID]]
    traceparent: NotRequired[str]


class Raw(TypedDict):
    meta: Meta
    data: dict[str, Any]


RAW = TypeAdapter(Raw)


class EventType:
    """How one class of events is stored."""

    def __init__(self, cls: type[Aggregate.Event], aggregate: type[Aggregate]) -> None:
        self.cls = cls
        self.topic = cls.TOPIC
        self.aggregate_topic = aggregate.TOPIC
        self.version = cls.class_version
        self.public = cls.PUBLIC
        self.creates = issubclass(cls, AggregateCreated)
        hints = get_type_hints(cls, include_extras=True)
        self.fields: dict[str, Any] = {
            name: hint for name, hint in hints.items() if name not in ENVELOPE and get_origin(hint) is not ClassVar
        }
        self.defaults = {name: getattr(cls, name) for name in self.fields if hasattr(cls, name)}
        self.sealed = tuple(name for name, hint in self.fields.items() if "Sealed[" in str(hint))
        data = TypedDict(f"{cls.__qualname__}Data", self._data_fields())  # type: ignore[misc]
        shape = {"meta": meta_of(self.version), "data": data}
        stored = TypedDict(f"{cls.__qualname__}Stored", shape)  # type: ignore[misc]
        self.adapter: TypeAdapter[Any] = TypeAdapter(stored)
        self.data_adapter: TypeAdapter[Any] = TypeAdapter(data)

    def _data_fields(self) -> dict[str, Any]:
        return {name: NotRequired[hint] if name in self.defaults else hint for name, hint in self.fields.items()}

    def read(self, state: bytes) -> Mapping[str, Any]:
        """Raises Undecodable."""
        try:
            return cast(Mapping[str, Any], self.adapter.validate_json(state))
        except ValidationError:
            pass
        try:
            return upcast(self, state)
        except ValidationError as error:
            raise Undecodable(f"{self.topic} does not have its shape") from error

    def subjects(self, event: Any) -> list[UUID]:
        """The person whose key seals fields of this event: its `person_id`, else the aggregate itself."""
        if any(getattr(event, name) is not None for name in self.sealed):
            return [getattr(event, "person_id", event.originator_id)]
        return []


class Codec:
    """The closed registry of one service's events. Nothing is ever imported by a name from the wire."""

    def __init__(self, aggregates: Iterable[type[Aggregate]]) -> None:
        self.types: dict[str, EventType] = {}
        self.by_class: dict[type, EventType] = {}
        for aggregate in aggregates:
            for cls in event_classes(aggregate):
                kind = EventType(cls, aggregate)
                if kind.topic in self.types:
                    raise ValueError(f"two events are named {kind.topic}")
                self.types[kind.topic] = self.by_class[cls] = kind

    def encode(self, event: Any, call: Call) -> bytes:
        kind = self.by_class[type(event)]
        meta: Meta = {
            "event_id": uuid7(),
            "time": event.timestamp,
            "actor": call.actor.as_meta(),
            "correlation_id": call.correlation_id,
        }
        if kind.version > 1:
            meta["class_version"] = kind.version
        if call.causation_id is not None:
            meta["causation_id"] = call.causation_id
        if call.on_behalf_of is not None:
            meta["on_behalf_of"] = call.on_behalf_of
        if kind.sealed and (subjects := kind.subjects(event)):
            meta["subjects"] = subjects
        if call.traceparent is not None:
            meta["traceparent"] = call.traceparent
        data = {name: value for name, value in vars(event).items() if name not in ENVELOPE}
        stated = orjson.dumps(meta, option=orjson.OPT_UTC_Z)
        return b'{"meta":%b,"data":%b}' % (stated, kind.data_adapter.dump_json(data))

    def decode(self, topic: str, state: bytes, aggregate_id: UUID, version: int, tenant_id: UUID) -> tuple[Meta, Any]:
        """The event's meta and the event itself. Raises Undecodable."""
        kind = self.types.get(topic)
        if kind is None:
            raise Undecodable(f"unknown event {topic}")
        stored = kind.read(state)
        meta: Meta = stored["meta"]
        event = object.__new__(kind.cls)
        values = event.__dict__
        values.update(kind.defaults)
        values.update(stored["data"])
        values["originator_id"] = aggregate_id
        values["originator_version"] = version
        values["timestamp"] = meta["time"]
        if kind.creates:
            values["tenant_id"] = tenant_id
            values["originator_topic"] = kind.aggregate_topic
        return meta, event


def event_classes(aggregate: type[Aggregate]) -> list[type[Aggregate.Event]]:
    """The events that an aggregate stores: all but the base `Event` and the unused `Created`."""
    return [
        value
        for name, value in vars(aggregate).items()
        if isinstance(value, type) and issubclass(value, Aggregate.Event) and name not in ("Event", "Created")
    ]


def meta_of(version: int) -> Any:
    """The shape of meta in events of this version, and of no other: most are read at once, and need no second look."""
    stated: Any = NotRequired[Literal[1]] if version == 1 else Literal[version]
    fields = {**get_type_hints(Meta, include_extras=True), "class_version": stated}
    return cast(Any, TypedDict)("Meta", fields)


def upcast(kind: EventType, state: bytes) -> Mapping[str, Any]:
    """Old data in today's shape: `upcast_v1_v2(data)`, `upcast_v2_v3(data)` … change the dict in place.

    Raises Undecodable for a newer version, ValidationError for another shape."""
    stored = RAW.validate_json(state)
    version = stored["meta"].get("class_version", 1)
    if version > kind.version:
        raise Undecodable(f"{kind.topic} is newer than this release")
    while version < kind.version:
        getattr(kind.cls, f"upcast_v{version}_v{version + 1}")(stored["data"])
        version += 1
    if version > 1:
        stored["meta"]["class_version"] = version
    return cast(Mapping[str, Any], kind.adapter.validate_json(orjson.dumps(stored)))
