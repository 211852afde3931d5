"""Facts: stored events as their readers see them, own ones as events, foreign ones as tolerant models."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_type_hints
from uuid import UUID

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from shared.codec import Codec, Meta, Undecodable
from shared.events import Aggregate
from shared.records import Record

D = TypeVar("D")


class Fact(NamedTuple, Generic[D]):
    """`time` is when it was decided, `recorded_at` when the database stored it; order comes from `position` alone."""

    data: D
    tenant_id: UUID
    aggregate_id: UUID
    version: int
    topic: str
    position: int
    event_id: UUID
    time: datetime
    recorded_at: datetime
    actor: Mapping[str, str]
    correlation_id: UUID
    causation_id: UUID | None = None
    subjects: tuple[UUID, ...] = ()
    traceparent: str | None = None
    on_behalf_of: str | None = None

    @property
    def who(self) -> dict[str, str]:
        """The actor, and whom it acted as."""
        return dict(self.actor) if self.on_behalf_of is None else {**self.actor, "on_behalf_of": self.on_behalf_of}


def fact_of(record: Record, meta: Meta, data: D) -> Fact[D]:
    return Fact(
        data,
        record.tenant_id,
        record.aggregate_id,
        record.version,
        record.topic,
        record.position,
        meta["event_id"],
        meta["time"],
        record.recorded_at,
        meta["actor"],
        meta["correlation_id"],
        meta.get("causation_id"),
        tuple(meta.get("subjects", ())),
        meta.get("traceparent"),
        meta.get("on_behalf_of"),
    )


@dataclass(frozen=True)
class Handler:
    """A function that takes a fact of one topic. `model` is an event class of the own service or a tolerant model."""

    topic: str
    function: Callable[..., Any]
    model: Any
    version: int

    @property
    def source(self) -> str:
        return self.topic.partition(".")[0]

    def reader(self, codec: Codec) -> Callable[[Record], Fact[Any]]:
        """How this handler's facts are read. What it returns raises Undecodable."""
        if isinstance(self.model, type) and issubclass(self.model, Aggregate.Event):
            return lambda record: read_own(record, codec)
        stored = TypedDict("stored", {"meta": Meta, "data": self.model})  # type: ignore[name-defined] # noqa: UP013
        adapter: TypeAdapter[Any] = TypeAdapter(stored)
        return lambda record: read_foreign(record, adapter, self.version)


def handler_of(topic: str, function: Callable[..., Any], version: int) -> Handler:
    """Reads the model from the annotation of the first `Fact[...]` argument."""
    for hint in get_type_hints(function).values():
        if getattr(hint, "__origin__", None) is Fact:
            return Handler(topic, function, get_args(hint)[0], version)
    raise TypeError(f"{function.__qualname__} takes no Fact[...]")


def read_own(record: Record, codec: Codec) -> Fact[Any]:
    meta, event = codec.decode(record.topic, record.state, record.aggregate_id, record.version, record.tenant_id)
    return fact_of(record, meta, event)


def read_foreign(record: Record, adapter: TypeAdapter[Any], version: int) -> Fact[Any]:
    try:
        stored = adapter.validate_json(record.state)
    except ValidationError as error:
        raise Undecodable(f"{record.topic} does not have the fields that are read here") from error
    if stored["meta"].get("class_version", 1) > version:
        raise Undecodable(f"{record.topic} is newer than its reader")
    return fact_of(record, stored["meta"], stored["data"])
