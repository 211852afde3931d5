"""A reaction turns a fact into one save on own aggregates. Its name is fixed for ever."""

import hashlib
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from shared import telemetry
from shared.calls import Actor, Call
from shared.events import Aggregate
from shared.facts import Fact, Handler, handler_of
from shared.kernel import Kernel
from shared.personal import Keyring
from shared.reading import Reading
from shared.store import EventStore
from shared.views import View

__all__ = ["Act", "Fact", "Reaction", "when"]

D = TypeVar("D")


@dataclass(frozen=True)
class Reaction:
    """`apart`: a field of its facts. Those of a tenant that differ in it do not wait for each other."""

    name: str
    handler: Handler
    apart: str | None = field(default=None, kw_only=True)

    @property
    def source(self) -> str:
        return self.handler.source


@dataclass(frozen=True)
class Act:
    """What a reaction may use. `call` has a key derived from the reaction's name and the event's id."""

    kernel: Kernel
    call: Call

    @property
    def store(self) -> EventStore:
        return self.kernel.store

    @property
    def keyring(self) -> Keyring:
        return self.kernel.keyring

    def reading(self, view: type[View]) -> AbstractAsyncContextManager[Reading]:
        return self.kernel.reading(view, self.call.tenant_id)


def when(
    event: "type[Aggregate.Event] | str", *, name: str, version: int = 1, apart: str | None = None
) -> Callable[[Callable[[Fact[D], Act], Awaitable[None]]], Reaction]:
    def mark(function: Callable[[Fact[D], Act], Awaitable[None]]) -> Reaction:
        topic = event if isinstance(event, str) else event.TOPIC
        return Reaction(name, handler_of(topic, function, version), apart=apart)

    return mark


def call_of(reaction: Reaction, fact: Fact[Any]) -> Call:
    """Redelivery is a replay: the key is the same, the fingerprint constant, and it never expires."""
    key = hashlib.sha256(f"{reaction.name}\x1f{fact.event_id}".encode()).digest()
    return Call(
        tenant_id=fact.tenant_id,
        actor=Actor("system", reaction.name),
        now=fact.time,
        correlation_id=fact.correlation_id,
        causation_id=fact.event_id,
        key=key,
        kind=reaction.name,
        fingerprint=b"reaction",
        traceparent=telemetry.current_traceparent(),
    )
